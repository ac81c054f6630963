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

  private static GoodVolume good;

  @BeforeAll
  static void populate() throws IOException {
    good = new GoodVolume(directory);
  }

  static Set<String> variants() {
    return VolumePlants.ALL.keySet();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void brokenPromiseIsFoundAndMended(String name) throws IOException {
    VolumePlants.Variant variant = VolumePlants.ALL.get(name);
    Path file = good.planted(variant.plant());
    byte[] before = Files.readAllBytes(file);
    TestVolume.Result looked = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.LEFT, looked.status(), looked.output());
    assertTrue(looked.found().contains(variant.problem()), looked.output());
    assertArrayEquals(before, Files.readAllBytes(file), "-n wrote");
    TestVolume.Result repaired = GoodVolume.requireMended(file);
    assertTrue(repaired.found().contains(variant.problem()), repaired.output());
  }
}
