package org.jclusterfs.dlm.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * Simulates clusters under faults for so many minutes: {@code SimulationCampaign [--minutes M]
 * [--seed S] [--threads N] [--thresholds T]}, or one with all that happens in it: {@code --run
 * SEED}. Each has faults for T thresholds of virtual time, by default 20. Seeds follow each other
 * from S, by default from the clock. Prints now and then what it has visited, of a seed that fails
 * what was broken, the last events and how to replay it; the last line is "N passed, M failed".
 * Exits with 1 if any failed, with 2 on wrong arguments.
 */
final class SimulationCampaign {
  private static final int THRESHOLDS = 20;
  private static final String USAGE =
      "usage: campaign dlm [--minutes M] [--seed S] [--threads N] [--thresholds T] | --run SEED";
  private static final long REPORT_SECONDS = 30;
  private static final int TOLD_LINES = 60;

  private final AtomicLong nextSeed;
  private final long end;
  private final int thresholds;
  private final Statistics visited = new Statistics();
  private long passed;
  private long failed;
  private final long started = System.nanoTime();
  private long lastReport = started;

  private SimulationCampaign(long firstSeed, double minutes, int thresholds) {
    this.thresholds = thresholds;
    nextSeed = new AtomicLong(firstSeed);
    end = started + (long) (minutes * TimeUnit.MINUTES.toNanos(1));
  }

  /** The cluster that belongs to a seed. */
  static ClusterSimulation of(long seed, boolean tracing) {
    return of(seed, Plant.NONE, tracing);
  }

  static ClusterSimulation of(long seed, Plant plant, boolean tracing) {
    int kind = Math.floorMod(seed, 10);
    Faults faults = kind % 4 == 3 ? Faults.NO_CUTS : kind == 8 ? Faults.SPLITS : Faults.ALL;
    int nodes = 2 + Math.floorMod(seed, 7);
    if (kind == 9) {
      nodes = 9 + Math.floorMod(seed / 10, 24);
      faults = faults.scaled(6.0 / nodes);
    }
    if (Math.floorMod(seed, 3) == 0 && faults != Faults.SPLITS) {
      faults = faults.lossy();
    }
    return new ClusterSimulation(seed, nodes, faults, plant, tracing);
  }

  public static void main(String[] arguments) throws InterruptedException {
    double minutes = 1;
    long seed = System.currentTimeMillis();
    int threads = 1;
    int thresholds = THRESHOLDS;
    Long only = null;
    for (int i = 0; i < arguments.length; i += 2) {
      String option = arguments[i];
      if (option.equals("--help") || option.equals("-h")) {
        System.out.println(USAGE);
        System.exit(0);
      }
      String value = i + 1 < arguments.length ? arguments[i + 1] : null;
      switch (option) {
        case "--minutes" -> minutes = positive(option, value, Double::parseDouble);
        case "--seed" -> seed = number(option, value, Long::parseLong);
        case "--threads" -> threads = positive(option, value, Integer::parseInt);
        case "--thresholds" -> thresholds = positive(option, value, Integer::parseInt);
        case "--run" -> only = number(option, value, Long::parseLong);
        default -> refuse("no option " + option);
      }
    }
    if (only != null) {
      System.exit(replay(only, thresholds) ? 0 : 1);
    }
    System.out.println("from seed " + seed);
    System.exit(new SimulationCampaign(seed, minutes, thresholds).run(threads) ? 0 : 1);
  }

  private static <T> T number(String option, String value, Function<String, T> parse) {
    if (value == null) {
      refuse(option + " wants a value");
    }
    try {
      return parse.apply(value);
    } catch (NumberFormatException e) {
      refuse(option + " wants a number, not \"" + value + '"');
      throw e;
    }
  }

  private static <T extends Number> T positive(
      String option, String value, Function<String, T> parse) {
    T number = number(option, value, parse);
    if (!(number.doubleValue() > 0)) {
      refuse(option + " wants a number above 0, not " + value);
    }
    return number;
  }

  private static void refuse(String why) {
    System.err.println("campaign dlm: " + why);
    System.err.println(USAGE);
    System.exit(2);
  }

  private static boolean replay(long seed, int thresholds) {
    ClusterSimulation simulation = of(seed, true);
    try {
      simulation.run(thresholds);
    } catch (AssertionError e) {
      e.getCause().printStackTrace(System.out);
      System.out.println("seed " + seed + " FAILED: " + e.getMessage());
      System.out.println(simulation.statistics);
      System.out.println("0 passed, 1 failed");
      return false;
    }
    System.out.println(simulation.statistics);
    System.out.println("1 passed, 0 failed");
    return true;
  }

  private boolean run(int threads) throws InterruptedException {
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread worker = new Thread(this::work, "simulation-" + i);
      worker.start();
      workers.add(worker);
    }
    for (Thread worker : workers) {
      worker.join();
    }
    report();
    System.out.println(passed + " passed, " + failed + " failed");
    return failed == 0;
  }

  private void work() {
    do {
      long seed = nextSeed.getAndIncrement();
      ClusterSimulation simulation = of(seed, false);
      Throwable failure = null;
      try {
        simulation.run(thresholds);
      } catch (AssertionError e) {
        failure = e;
      }
      note(seed, simulation, failure);
    } while (System.nanoTime() - end < 0);
  }

  private synchronized void note(long seed, ClusterSimulation simulation, Throwable failure) {
    visited.add(simulation.statistics);
    if (failure == null) {
      passed++;
    } else {
      failed++;
      System.out.println("seed " + seed + " FAILED: " + lastLines(failure.getMessage()));
      failure.getCause().printStackTrace(System.out);
      System.out.println("replay: bin/campaign dlm --thresholds " + thresholds + " --run " + seed);
    }
    if (System.nanoTime() - lastReport > TimeUnit.SECONDS.toNanos(REPORT_SECONDS)) {
      lastReport = System.nanoTime();
      report();
    }
  }

  private static String lastLines(String text) {
    List<String> lines = text.lines().toList();
    int from = Math.max(1, lines.size() - TOLD_LINES);
    return lines.get(0) + "\n" + String.join("\n", lines.subList(from, lines.size()));
  }

  private void report() {
    double seconds = (System.nanoTime() - started) / 1e9;
    System.out.printf(
        "%d seeds to %d, %.0f s, %.0f events/s: %s%n",
        passed + failed,
        nextSeed.get() - 1,
        seconds,
        visited.get(Statistics.Kind.EVENTS) / seconds,
        visited);
  }
}
