package org.jclusterfs.dlm.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/**
 * The cluster under faults. The build runs the same seeds each time, so that it judges the change
 * and not the dice; {@link SimulationCampaign} looks for new ones for as long as one likes. {@code
 * -Djclusterfs.dlm.simulation.base=B} sets the first seed, {@code
 * -Djclusterfs.dlm.simulation.seeds=N} how many, {@code -Djclusterfs.dlm.simulation.seed=S} runs
 * only one; a failure names its seed.
 */
class ClusterSimulationTest {
  private static final int SEEDS = Integer.getInteger("jclusterfs.dlm.simulation.seeds", 24);

  private static final int PLANTED_SEEDS = 60;

  private static final long BASE = Long.getLong("jclusterfs.dlm.simulation.base", 20_001);

  @Example
  void faultsNeverBreakTheInvariants() {
    Long only = Long.getLong("jclusterfs.dlm.simulation.seed");
    if (only != null) {
      simulate(only);
      return;
    }
    System.out.println("cluster simulation: " + SEEDS + " seeds from " + BASE);
    for (long seed = BASE; seed < BASE + SEEDS; seed++) {
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

  @Example
  void plantedFaultsOfMovesAreFound() {
    for (Plant plant : Plant.values()) {
      if (plant != Plant.NONE) {
        assertTrue(isFound(plant), plant + " is not found in " + PLANTED_SEEDS + " seeds");
      }
    }
  }

  private static boolean isFound(Plant plant) {
    for (long seed = 6; seed < 6 + PLANTED_SEEDS; seed++) {
      ClusterSimulation simulation = new ClusterSimulation(seed, 3, Faults.NO_CUTS);
      simulation.plant = plant;
      try {
        simulation.run(20);
      } catch (AssertionError e) {
        System.out.println(
            "cluster simulation: " + plant + " found: " + e.getMessage().lines().findFirst().get());
        return true;
      }
    }
    return false;
  }

  @Property(tries = 7, shrinking = ShrinkingMode.OFF)
  void withoutFaultsTheClusterFormsAndServesEverybody(@ForAll @IntRange(min = 2, max = 8) int n) {
    new ClusterSimulation(n, n, Faults.NONE).run(5);
  }
}
