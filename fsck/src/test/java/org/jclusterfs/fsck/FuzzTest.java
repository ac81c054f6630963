package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of random damages; bin/campaign fuzz runs them for longer. */
class FuzzTest {
  private static final int RUNS = 40;

  @TempDir Path directory;

  @Test
  void randomlyDamagedVolumeIsCleanAfterRepair() throws Exception {
    Path file = directory.resolve("volume.img");
    byte[] good = FuzzCampaign.goodImage(file);
    int problems = 0;
    for (long seed = 1; seed <= RUNS; seed++) {
      problems += new FuzzRun(good, seed).run(file);
    }
    assertTrue(problems > RUNS, problems + " problems");
  }

  @Test
  void volumeWithoutAGoodBitmapIsRepaired() throws Exception {
    Path file = directory.resolve("volume.img");
    byte[] good = FuzzCampaign.goodImage(file);
    new FuzzRun(good, 100_017).run(file);
  }
}
