package org.jclusterfs.dlm.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/**
 * The cluster under faults. {@code -Djclusterfs.dlm.simulation.seeds=N} runs more seeds, {@code
 * -Djclusterfs.dlm.simulation.seed=S} only one; a failure names its seed.
 */
class ClusterSimulationTest {
  private static final int SEEDS = Integer.getInteger("jclusterfs.dlm.simulation.seeds", 24);

  @Property(tries = 1, shrinking = ShrinkingMode.OFF)
  void faultsNeverBreakTheInvariants(@ForAll("bases") long base) {
    Long only = Long.getLong("jclusterfs.dlm.simulation.seed");
    for (long seed = base; seed < base + (only != null ? 1 : SEEDS); seed++) {
      simulate(only == null ? seed : only);
    }
  }

  @Provide
  Arbitrary<Long> bases() {
    return Arbitraries.of(Long.getLong("jclusterfs.dlm.simulation.base", 1L));
  }

  private static void simulate(long seed) {
    ClusterSimulation simulation = new ClusterSimulation(seed, 2 + (int) (seed % 7), Faults.ALL);
    try {
      simulation.run(20);
    } catch (AssertionError e) {
      throw new AssertionError("Seed " + seed + ": " + e.getMessage(), e);
    }
    assertTrue(simulation.grants > 0, "Seed " + seed + " granted nothing");
  }

  @Property(tries = 7, shrinking = ShrinkingMode.OFF)
  void withoutFaultsTheClusterFormsAndServesEverybody(@ForAll @IntRange(min = 2, max = 8) int n) {
    new ClusterSimulation(n, n, Faults.NONE).run(5);
  }
}
