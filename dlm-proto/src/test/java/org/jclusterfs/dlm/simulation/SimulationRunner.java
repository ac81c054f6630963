package org.jclusterfs.dlm.simulation;

/**
 * Runs many seeds outside the test framework: {@code SimulationRunner FIRST_SEED COUNT}. Prints
 * each seed that fails with its last events, and the counts at the end.
 */
final class SimulationRunner {
  private SimulationRunner() {}

  /** The cluster that belongs to a seed. */
  static ClusterSimulation of(long seed) {
    Faults faults = seed % 4 == 3 ? Faults.NO_CUTS : Faults.ALL;
    int nodes = 2 + (int) Math.floorMod(seed, 7);
    if (seed % 10 == 9) {
      nodes = 9 + (int) Math.floorMod(seed / 10, 24);
    }
    return new ClusterSimulation(seed, nodes, faults);
  }

  public static void main(String[] arguments) {
    long first = Long.parseLong(arguments[0]);
    long count = Long.parseLong(arguments[1]);
    long events = 0;
    long grants = 0;
    long views = 0;
    long moves = 0;
    long failed = 0;
    for (long seed = first; seed < first + count; seed++) {
      ClusterSimulation simulation = of(seed);
      try {
        simulation.run(20);
      } catch (AssertionError e) {
        failed++;
        System.out.println("Seed " + seed + ": " + e.getMessage());
        e.getCause().printStackTrace(System.out);
      }
      events += simulation.events;
      grants += simulation.grants;
      views += simulation.views;
      moves += simulation.moves;
    }
    System.out.println(
        events + " events, " + grants + " grants, " + views + " views, " + moves + " moves");
    System.out.println(count - failed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }
}
