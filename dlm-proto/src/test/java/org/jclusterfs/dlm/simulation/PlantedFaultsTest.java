package org.jclusterfs.dlm.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import net.jqwik.api.Example;

/** The simulation finds each planted fault in a few seeds, and nothing in these without it. */
class PlantedFaultsTest {
  private static final int SEEDS = 12;
  private static final int THRESHOLDS = 12;
  private static final int NODES = 5;

  @Example
  void eachPlantedFaultIsFound() {
    Map<Plant, String> found = new TreeMap<>();
    List<Plant> plants =
        Arrays.stream(Plant.values()).filter(plant -> plant != Plant.NONE).toList();
    plants.parallelStream()
        .forEach(
            plant -> {
              String how = search(plant);
              synchronized (found) {
                found.put(plant, how);
              }
            });
    found.forEach((plant, how) -> System.out.println("planted " + plant + ": " + how));
    for (Plant plant : plants) {
      assertFalse(found.get(plant).isEmpty(), plant + " is not found in " + SEEDS + " seeds");
    }
  }

  private static String search(Plant plant) {
    for (long seed = 0; seed < SEEDS; seed++) {
      try {
        of(seed, plant, plant == Plant.QUORUM_UNCHECKED).run(THRESHOLDS);
      } catch (AssertionError e) {
        return "seed " + seed + ": " + e.getMessage().lines().findFirst().orElseThrow();
      }
    }
    return "";
  }

  private static ClusterSimulation of(long seed, Plant plant, boolean splits) {
    Faults faults = splits ? Faults.SPLITS : seed % 2 == 0 ? Faults.ALL : Faults.NO_CUTS;
    return new ClusterSimulation(seed, NODES, faults, plant, false);
  }

  @Example
  void nothingIsFoundInTheSameSeedsWithoutThem() {
    LongStream.range(0, SEEDS)
        .parallel()
        .forEach(seed -> of(seed, Plant.NONE, false).run(THRESHOLDS));
    of(0, Plant.NONE, true).run(THRESHOLDS);
  }

  @Example
  void theDocumentNamesEachPlantedFault() throws IOException {
    String names =
        Files.readAllLines(Path.of("../docs/dlm-testing.md")).stream()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.substring(3, line.indexOf('`', 3)))
            .collect(Collectors.joining(" "));
    String plants =
        Arrays.stream(Plant.values())
            .filter(plant -> plant != Plant.NONE)
            .map(Plant::name)
            .collect(Collectors.joining(" "));
    assertEquals(plants, names);
  }
}
