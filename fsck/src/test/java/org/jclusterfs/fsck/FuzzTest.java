package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
    byte[] dirty = FuzzCampaign.dirtyImage(file);
    int problems = 0;
    for (long seed = 1; seed <= RUNS; seed++) {
      problems += new FuzzRun((seed & 1) == 0 ? good : dirty, seed).run(file);
    }
    assertTrue(problems > RUNS, problems + " problems");
  }

  @Test
  void volumeWithoutAGoodBitmapIsRepaired() throws Exception {
    Path file = directory.resolve("volume.img");
    FuzzCampaign.goodImage(file);
    try (TestVolume volume = TestVolume.open(file)) {
      for (long group = 0; group < volume.check.geometry.groupCount(); group++) {
        volume.spoil(volume.check.geometry.bitmapBlock(group, 0));
      }
      // Trees are built anew in blocks of which nothing tells whether they are free.
      Plants.ALL.get(Problem.TREE_NODE_DAMAGED).into(volume);
      volume.spoil(volume.check.rootInode());
    }
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    TestVolume.Result again = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.CLEAN, again.status(), repaired.output() + again.output());
  }
}
