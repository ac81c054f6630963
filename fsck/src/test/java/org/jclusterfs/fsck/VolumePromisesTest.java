package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the format promises of superblocks, slots, journals and groups is checked and mended. */
class VolumePromisesTest {
  @TempDir static Path directory;

  private static byte[] good;

  @BeforeAll
  static void populate() throws IOException {
    good = FuzzCampaign.goodImage(directory.resolve("good.img"));
  }

  static Set<String> variants() {
    return VolumePlants.ALL.keySet();
  }

  private static Path planted(Plants.Plant plant) throws IOException {
    Path file = TestVolume.reset(directory.resolve("volume.img"), good);
    try (TestVolume volume = TestVolume.open(file)) {
      plant.into(volume);
    }
    return file;
  }

  @ParameterizedTest
  @MethodSource("variants")
  void brokenPromiseIsFoundAndMended(String name) throws IOException {
    VolumePlants.Variant variant = VolumePlants.ALL.get(name);
    Path file = planted(variant.plant());
    byte[] before = Files.readAllBytes(file);
    TestVolume.Result looked = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.LEFT, looked.status(), looked.output());
    assertTrue(looked.found().contains(variant.problem()), looked.output());
    assertArrayEquals(before, Files.readAllBytes(file), "-n wrote");
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    assertTrue(repaired.found().contains(variant.problem()), repaired.output());
    TestVolume.Result again = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.CLEAN, again.status(), repaired.output() + again.output());
  }
}
