package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What repairs of superblocks, slots and journals keep, and what they leave alone. */
class VolumeRepairTest {
  private static final int BLOCK = BlockHeader.BLOCK_SIZE;

  @TempDir static Path directory;

  private static GoodVolume good;

  @BeforeAll
  static void populate() throws IOException {
    good = new GoodVolume(directory);
  }

  private static int ownerOfSmall(Path file) throws IOException {
    try (TestVolume volume = TestVolume.open(file)) {
      return InodeBlock.uid(volume.inode(volume.small));
    }
  }

  @Test
  void primaryThatTheVolumeContradictsGetsWhatItHad() throws IOException {
    for (String field : List.of("totalBlocks", "groupBlocks", "hashKey")) {
      Path file =
          good.planted(
              v -> v.change(Superblock.PRIMARY_ADDRESS, VolumePlants.contradictions().get(field)));
      GoodVolume.requireMended(file);
      byte[] after = Files.readAllBytes(file);
      int from = (int) Superblock.PRIMARY_ADDRESS * BLOCK + Superblock.MAJOR_VERSION_OFFSET;
      int to = (int) (Superblock.PRIMARY_ADDRESS + 1) * BLOCK;
      assertArrayEquals(
          Arrays.copyOfRange(good.image(), from, to), Arrays.copyOfRange(after, from, to), field);
    }
  }

  /** A volume with three backups; nothing of it contradicts a label. */
  private static void relabelled(long[] addresses, int versions, String expected)
      throws IOException {
    Path file = directory.resolve("large.img");
    try (var made = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(5L << 30);
    }
    try (BlockDevice device = Devices.open(DeviceSpec.of("file:" + file))) {
      FormatOptions options = FormatOptions.defaults().withLabel("before").withSlots(1);
      VolumeFormatter.format(device, options.withJournalBlocks(256));
      for (long address : addresses) {
        ByteBuffer block = BlockIo.read(device, address, 1);
        Superblock.label(block, "after");
        BlockHeader.version(block, BlockHeader.version(block) + versions);
        BlockHeader.seal(block);
        BlockIo.write(device, address, block);
      }
    }
    GoodVolume.requireMended(file);
    try (BlockDevice device = Devices.open(DeviceSpec.of("file:" + file))) {
      assertEquals(expected, Superblock.label(Superblocks.readPrimary(device)));
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void primaryIsOutvotedByItsBackups() throws IOException {
    relabelled(new long[] {Superblock.PRIMARY_ADDRESS}, 0, "before");
  }

  @Test
  void newerPrimaryWinsOverBackupsLeftFromBefore() throws IOException {
    relabelled(new long[] {Superblock.PRIMARY_ADDRESS}, 1, "after");
  }

  @Test
  void oneBackupThatSaysSomethingNewerIsOutvoted() throws IOException {
    relabelled(new long[] {(5L << 30) / BLOCK - 1}, 7, "before");
  }

  @Test
  void lostPrimaryOfVolumeSmallerThanItsDeviceIsFoundByItsBackup() throws IOException {
    Path file = directory.resolve("grown.img");
    TestVolume.reset(file, Arrays.copyOf(good.image(), good.image().length + (9 << 20)));
    try (TestVolume volume = TestVolume.open(file)) {
      volume.spoil(Superblock.PRIMARY_ADDRESS);
    }
    GoodVolume.requireMended(file);
  }

  @Test
  void journalIsReplayedThoughItsDescriptorNamesAnotherPlace() throws IOException {
    Path file =
        good.planted(
            v -> {
              Plants.leaveDirtyJournal(v, 4711);
              v.change(
                  v.check.geometry.slotBlock(1), b -> SlotDescriptor.journalStart(b, 40_000_000));
            });
    GoodVolume.requireMended(file);
    assertEquals(4711, ownerOfSmall(file));
  }

  @Test
  void journalIsReplayedThoughItsDescriptorIsLost() throws IOException {
    Path file =
        good.planted(
            v -> {
              Plants.leaveDirtyJournal(v, 4711);
              v.spoil(v.check.geometry.slotBlock(1));
            });
    GoodVolume.requireMended(file);
    assertEquals(4711, ownerOfSmall(file));
  }

  @Test
  void whatWasCommittedBeforeADamagedTransactionIsReplayed() throws IOException {
    Path file =
        good.planted(VolumePlants.ALL.get("committed transaction that cannot be read").plant());
    GoodVolume.requireMended(file);
    assertEquals(1001, ownerOfSmall(file));
  }

  @Test
  void lastTransactionThatIsTornIsNoDamage() throws IOException {
    Path file =
        good.planted(
            v -> {
              Plants.leaveDirtyJournal(v, 1001, 1002, 1003);
              JournalPlants.damageCommit(v, 3);
            });
    TestVolume.Result repaired = TestVolume.run(file, Mode.PREEN);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    assertEquals(1002, ownerOfSmall(file));
  }

  /** The journal of slot 0 is said to be twice as long, by its own header too. */
  private static void doubleFirstJournal(TestVolume v) throws IOException {
    ByteBuffer descriptor = v.check.store.read(v.check.geometry.slotBlock(0));
    long blocks = SlotDescriptor.journalBlocks(descriptor);
    v.change(v.check.geometry.slotBlock(0), b -> SlotDescriptor.journalBlocks(b, 2 * blocks));
    JournalPlants.doubleLength(v, SlotDescriptor.journalStart(descriptor));
  }

  private static void requireLeft(Path file) throws IOException {
    byte[] before = Files.readAllBytes(file);
    for (int i = 0; i < 2; i++) {
      TestVolume.Result left = TestVolume.run(file, Mode.YES);
      assertEquals(Fsck.LEFT, left.status(), left.output());
      assertTrue(left.found().contains(Problem.JOURNAL_PLACE_WRONG), left.output());
      assertTrue(left.output().contains("Not repaired: "), left.output());
    }
    assertEquals(Fsck.LEFT, TestVolume.run(file, Mode.PREEN).status());
    byte[] after = Files.readAllBytes(file);
    int from = 800 * BLOCK;
    assertTrue(Arrays.equals(before, from, before.length, after, from, after.length));
  }

  @Test
  void twoJournalsAtOnePlaceAreLeftAlone() throws IOException {
    requireLeft(good.planted(VolumeRepairTest::doubleFirstJournal));
  }

  @Test
  void journalWhosePlaceIsTakenIsLeftAlone() throws IOException {
    requireLeft(
        good.planted(
            v -> {
              doubleFirstJournal(v);
              BlockIo.write(v.device, JournalPlants.start(v), ByteBuffer.allocate(2 * BLOCK));
            }));
  }

  @Test
  void heartbeatThatIsWrittenAgainKeepsTheNumberOfItsView() throws IOException {
    Path file =
        good.planted(
            v ->
                v.change(
                    v.check.geometry.heartbeatBlock(1),
                    b -> {
                      Heartbeat.view(b, 77);
                      Heartbeat.state(b, 9);
                    }));
    GoodVolume.requireMended(file);
    try (TestVolume volume = TestVolume.open(file)) {
      long address = volume.check.geometry.heartbeatBlock(1);
      assertEquals(77, Heartbeat.view(volume.check.store.read(address)));
    }
  }

  /** A volume with problems of many kinds. */
  private static SimulatedDisk damaged() throws IOException {
    Path file =
        good.planted(
            v -> {
              Plants.leaveDirtyJournal(v, 4711);
              v.change(Superblock.PRIMARY_ADDRESS, b -> Superblock.groupCount(b, 1));
              v.spoil(v.check.geometry.slotBlock(0));
              v.spoil(v.check.geometry.heartbeatBlock(0));
              v.spoil(v.firstFile);
              v.spoil(v.check.geometry.bitmapBlock(1, 0));
              v.spoil(v.check.geometry.groupStart(0));
              v.make(InodeInfo.REGULAR | 0644, 1, 0);
            });
    return SimulatedBlockDevice.disk(Files.readAllBytes(file));
  }

  @Test
  void repairThatLosesPowerAnywhereIsDoneAgain() throws IOException {
    SimulatedDisk template = damaged();
    int cut = 0;
    boolean finished = false;
    while (!finished) {
      SimulatedDisk disk = new SimulatedDisk(template.image());
      cut++;
      disk.cutPowerAt(cut);
      try {
        TestVolume.run(new SimulatedBlockDevice(disk), Mode.YES, 0);
      } catch (IOException e) {
        assertTrue(disk.isDead(), e.toString());
      }
      finished = !disk.isDead();
      SimulatedDisk after = disk.afterPowerCut(cut);
      FsckOracle.endClaims(after);
      TestVolume.Result second = TestVolume.run(new SimulatedBlockDevice(after), Mode.YES, 0);
      assertTrue(second.status() <= Fsck.CORRECTED, "cut at " + cut + ": " + second.output());
      FsckOracle.requireClean(after, "after a repair that was cut off at write " + cut);
    }
    assertTrue(cut > 20, cut + " writes");
  }
}
