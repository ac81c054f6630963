package org.jclusterfs.dlm.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.AfterFailureMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/**
 * The cluster under faults, with other seeds in each run. {@code
 * -Djclusterfs.dlm.simulation.base=B} sets the first seed, {@code
 * -Djclusterfs.dlm.simulation.seeds=N} how many, {@code -Djclusterfs.dlm.simulation.seed=S} runs
 * only one; a failure names its seed. {@link SimulationCampaign} goes on for as long as one likes.
 */
class ClusterSimulationTest {
  private static final int SEEDS = Integer.getInteger("jclusterfs.dlm.simulation.seeds", 24);

  @Property(tries = 1, shrinking = ShrinkingMode.OFF, afterFailure = AfterFailureMode.RANDOM_SEED)
  void faultsNeverBreakTheInvariants(@ForAll @LongRange(min = 0, max = 1L << 40) long random) {
    Long only = Long.getLong("jclusterfs.dlm.simulation.seed");
    if (only != null) {
      simulate(only);
      return;
    }
    long base = Long.getLong("jclusterfs.dlm.simulation.base", random);
    System.out.println("cluster simulation: " + SEEDS + " seeds from " + base);
    for (long seed = base; seed < base + SEEDS; seed++) {
      simulate(seed);
    }
  }

  private static void simulate(long seed) {
    ClusterSimulation simulation = SimulationRunner.of(seed);
    try {
      simulation.run(20);
    } catch (AssertionError e) {
      System.out.println("cluster simulation: seed " + seed + " fails");
      throw new AssertionError("Seed " + seed + ": " + e.getMessage(), e);
    }
    assertTrue(simulation.grants > 0, "Seed " + seed + " granted nothing");
  }

  @Property(tries = 7, shrinking = ShrinkingMode.OFF)
  void withoutFaultsTheClusterFormsAndServesEverybody(@ForAll @IntRange(min = 2, max = 8) int n) {
    new ClusterSimulation(n, n, Faults.NONE).run(5);
  }
}
