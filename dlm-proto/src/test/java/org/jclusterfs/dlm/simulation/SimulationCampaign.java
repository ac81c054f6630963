package org.jclusterfs.dlm.simulation;

import java.util.concurrent.TimeUnit;

/**
 * Simulates clusters under faults for so many minutes: {@code SimulationCampaign [--minutes M]
 * [--seed S]}. Seeds follow each other from S, by default from the clock. Prints for each what
 * happened in it, the last events of one that fails and how to replay it; the last line is "N
 * passed, M failed". Exits with 1 if any failed, with 2 on wrong arguments.
 */
final class SimulationCampaign {
  private SimulationCampaign() {}

  public static void main(String[] arguments) {
    double minutes = 1;
    long seed = System.currentTimeMillis();
    try {
      for (int i = 0; i < arguments.length; i += 2) {
        switch (arguments[i]) {
          case "--minutes" -> minutes = Double.parseDouble(arguments[i + 1]);
          case "--seed" -> seed = Long.parseLong(arguments[i + 1]);
          default -> throw new IllegalArgumentException(arguments[i]);
        }
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      System.err.println("usage: SimulationCampaign [--minutes M] [--seed S]: " + e.getMessage());
      System.exit(2);
    }
    long end = System.nanoTime() + (long) (minutes * TimeUnit.MINUTES.toNanos(1));
    long passed = 0;
    long failed = 0;
    do {
      if (run(seed)) {
        passed++;
      } else {
        failed++;
      }
      seed++;
    } while (System.nanoTime() - end < 0);
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }

  private static boolean run(long seed) {
    ClusterSimulation simulation = SimulationRunner.of(seed);
    AssertionError failure = null;
    try {
      simulation.run(20);
    } catch (AssertionError e) {
      failure = e;
    }
    System.out.printf(
        "seed %d: %d events, %d grants, %d views installed: %s%n",
        seed,
        simulation.events,
        simulation.grants,
        simulation.views,
        failure == null ? "passed" : "FAILED");
    if (failure == null) {
      return true;
    }
    System.out.println(failure.getMessage());
    failure.getCause().printStackTrace(System.out);
    System.out.println(
        "replay: mvn -pl dlm-proto test -Dtest=ClusterSimulationTest"
            + " -Djclusterfs.dlm.simulation.seed="
            + seed
            + " -Djclusterfs.dlm.simulation.trace=true");
    return false;
  }
}
