package org.jclusterfs.dlm.simulation;

/**
 * Runs many seeds outside the test framework: {@code SimulationRunner FIRST_SEED COUNT}. Ends with
 * the counts, or with the first seed that fails.
 */
final class SimulationRunner {
  private SimulationRunner() {}

  public static void main(String[] arguments) {
    long first = Long.parseLong(arguments[0]);
    long count = Long.parseLong(arguments[1]);
    long events = 0;
    long grants = 0;
    long views = 0;
    for (long seed = first; seed < first + count; seed++) {
      ClusterSimulation simulation =
          new ClusterSimulation(
              seed,
              2 + (int) (seed % 7),
              Boolean.getBoolean("jclusterfs.dlm.simulation.calm") ? Faults.NONE : Faults.ALL);
      try {
        simulation.run(20);
      } catch (AssertionError e) {
        System.out.println("Seed " + seed + ": " + e.getMessage());
        e.getCause().printStackTrace(System.out);
        System.exit(1);
      }
      events += simulation.events;
      grants += simulation.grants;
      views += simulation.views;
    }
    System.out.println(
        count + " seeds, " + events + " events, " + grants + " grants, " + views + " views");
  }
}
