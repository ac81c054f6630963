package org.jclusterfs.dlm.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.stream.LongStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/**
 * The cluster under faults: the same seeds each time, so that the build judges the change and not
 * the dice, and some fresh ones. {@link SimulationCampaign} looks for new ones for as long as one
 * likes, and replays the one that a failure names.
 */
class ClusterSimulationTest {
  private static final int THRESHOLDS = 10;

  /** A cluster of 32 nodes. */
  private static final long LARGEST = 239;

  @Example
  void faultsNeverBreakTheInvariants() {
    Statistics visited = new Statistics();
    LongStream.concat(LongStream.range(0, 24), LongStream.of(LARGEST))
        .parallel()
        .forEach(seed -> simulate(seed, visited));
    System.out.println("cluster simulation: " + visited);
    for (Statistics.Kind kind : Statistics.Kind.values()) {
      assertTrue(visited.get(kind) > 0, "Nothing in these seeds: " + kind.words);
    }
  }

  @Property(tries = 3, shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE)
  void faultsOfFreshSeedsDoNotEither(@ForAll @LongRange(min = 1000, max = 1L << 40) long any) {
    long seed = any / 10 * 10 + any % 9; // those with 9 at the end are large
    System.out.println("cluster simulation: seed " + seed);
    simulate(seed, new Statistics());
  }

  private static void simulate(long seed, Statistics visited) {
    ClusterSimulation simulation = SimulationCampaign.of(seed, false);
    try {
      simulation.run(THRESHOLDS);
    } catch (AssertionError e) {
      fail(
          "Seed "
              + seed
              + ": "
              + e.getMessage()
              + "\nreplay: bin/campaign dlm --thresholds "
              + THRESHOLDS
              + " --run "
              + seed,
          e);
    }
    synchronized (visited) {
      visited.add(simulation.statistics);
    }
  }

  @Property(tries = 7, shrinking = ShrinkingMode.OFF)
  void withoutFaultsTheClusterFormsAndServesEverybody(@ForAll @IntRange(min = 2, max = 8) int n) {
    new ClusterSimulation(n, n, Faults.NONE).run(5);
  }
}
