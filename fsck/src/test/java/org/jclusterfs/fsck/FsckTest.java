package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jclusterfs.core.cluster.VolumeInUseException;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.SlotDescriptor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FsckTest {
  @TempDir static Path directory;

  private static GoodVolume good;

  @BeforeAll
  static void populate() throws IOException {
    good = new GoodVolume(directory);
  }

  @Test
  void populatedVolumeIsClean() throws IOException {
    TestVolume.Result result = TestVolume.run(good.copy(), Mode.NO);
    assertEquals(Fsck.CLEAN, result.status(), result.output());
    assertTrue(result.output().contains("test: clean, "), result.output());
  }

  @ParameterizedTest
  @EnumSource(Problem.class)
  void plantedProblemIsFoundAndRepaired(Problem problem) throws IOException {
    Path file = good.copy();
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.ALL.get(problem).into(volume);
    }
    byte[] before = Files.readAllBytes(file);
    TestVolume.Result looked = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.LEFT, looked.status(), looked.output());
    assertTrue(looked.found().contains(problem), looked.output());
    assertArrayEquals(before, Files.readAllBytes(file), "-n wrote");

    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    assertTrue(repaired.found().contains(problem), repaired.output());
    TestVolume.Result again = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CLEAN, again.status(), repaired.output() + again.output());
  }

  @ParameterizedTest
  @EnumSource(Problem.class)
  void preenRepairsWhatIsSafeAndLeavesTheRest(Problem problem) throws IOException {
    Path file = good.copy();
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.ALL.get(problem).into(volume);
    }
    TestVolume.Result preened = TestVolume.run(file, Mode.PREEN);
    boolean safe = preened.found().stream().allMatch(Problem::safe);
    assertEquals(safe ? Fsck.CORRECTED : Fsck.LEFT, preened.status(), preened.output());
  }

  @Test
  void replayedTransactionIsInPlace() throws IOException {
    Path file = good.copy();
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.ALL.get(Problem.JOURNAL_DIRTY).into(volume);
      assertEquals(0, InodeBlock.uid(volume.inode(volume.small)));
    }
    TestVolume.run(file, Mode.PREEN);
    try (TestVolume volume = TestVolume.open(file)) {
      assertEquals(4711, InodeBlock.uid(volume.inode(volume.small)));
    }
  }

  @Test
  void freedOrphanLeavesItsBlocksFree() throws IOException {
    Path file = good.copy();
    long orphan;
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.ALL.get(Problem.ORPHAN_LEFT).into(volume);
      orphan =
          volume
              .names(
                  volume
                      .check
                      .store
                      .read(volume.check.geometry.slotBlock(0))
                      .getLong(SlotDescriptor.ORPHAN_DIRECTORY_OFFSET))
              .get(0)
              .inode();
    }
    TestVolume.run(file, Mode.YES);
    try (TestVolume volume = TestVolume.open(file)) {
      assertEquals(0, volume.check.diskState(orphan));
    }
  }

  @Test
  void sharedBlockIsCopiedForTheSecondUser() throws IOException {
    Path file = good.copy();
    try (TestVolume volume = TestVolume.open(file)) {
      Plants.ALL.get(Problem.BLOCK_SHARED).into(volume);
    }
    TestVolume.run(file, Mode.YES);
    try (TestVolume volume = TestVolume.open(file)) {
      assertEquals(InodeInfo.REGULAR | 0644, InodeBlock.mode(volume.inode(volume.small)));
    }
  }

  @Test
  void orphanDirectoryThatNobodyNamesIsMadeAndNamed() throws IOException {
    Path file = good.copy();
    try (TestVolume volume = TestVolume.open(file)) {
      for (int slot = 0; slot < 2; slot++) {
        volume.change(
            volume.check.geometry.slotBlock(slot),
            block -> SlotDescriptor.orphanDirectory(block, 0));
      }
    }
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    TestVolume.Result again = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CLEAN, again.status(), repaired.output() + again.output());
  }

  @Test
  void lostPrimaryIsFoundByItsBackup() throws IOException {
    Path file = good.copy();
    assertEquals(Fsck.CLEAN, TestVolume.run(file, Mode.NO, 1).status());
  }

  @Test
  void mountedVolumeIsRefusedWithSlotAndHost() throws IOException {
    Path file = good.copy();
    try (TestVolume volume = TestVolume.open(file)) {
      var here = ProcessIdentities.current();
      volume.change(
          volume.check.geometry.slotBlock(1),
          block -> {
            SlotDescriptor.state(block, SlotDescriptor.MOUNTED);
            SlotDescriptor.incarnation(block, 99);
            SlotDescriptor.bootId(block, here.bootId());
            SlotDescriptor.pidNamespace(block, here.pidNamespace());
            SlotDescriptor.pid(block, here.pid());
            SlotDescriptor.startTime(block, here.startTime());
            SlotDescriptor.hostName(block, "alpha");
          });
    }
    for (Mode mode : new Mode[] {Mode.NO, Mode.YES, Mode.PREEN}) {
      String message =
          assertThrows(VolumeInUseException.class, () -> TestVolume.run(file, mode)).getMessage();
      assertTrue(message.contains("slot 1") && message.contains("alpha"), message);
    }
  }
}
