package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Everything that the filesystem writes in order is right in the eyes of the checker. */
class PopulatedVolumeTest {
  private static final long BLOCKS = 131_072;

  private final SimulatedDisk disk = new SimulatedDisk(SimulatedBlockDevice.BLOCK, BLOCKS);
  private MountedVolume volume;
  private long free;

  @BeforeEach
  void mount() throws Exception {
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      VolumeFormatter.format(device, FormatOptions.defaults().withSlots(1).withJournalBlocks(256));
    }
    volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    free = volume.vfs.statistics().freeBlocks();
  }

  private void remount(String when) throws Exception {
    volume.vfs.close();
    FsckOracle.requireClean(disk, when);
    volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
  }

  /** The root directory never gives a leaf back; nor does the orphan directory. */
  private void requireFree(long leaves) throws Exception {
    remount("after all was removed");
    long now = volume.vfs.statistics().freeBlocks();
    assertEquals(true, now >= free - leaves && now <= free, now + " blocks free, before " + free);
    volume.vfs.close();
  }

  @Test
  void directoryOf20000NamesIsMadeRemovedAndFreed() throws Exception {
    long directory = volume.makeDirectory(volume.root(), "big");
    String suffix = "z".repeat(150);
    for (int i = 0; i < 20_000; i++) {
      volume.close(volume.create(directory, "n" + i + (i % 10 == 0 ? suffix : "")));
    }
    remount("with a big directory");
    assertEquals(20_000, volume.list(directory).size());
    for (int i = 0; i < 20_000; i++) {
      volume.unlink(directory, "n" + i + (i % 10 == 0 ? suffix : ""));
    }
    remount("with a directory that was big");
    volume.removeDirectory(volume.root(), "big");
    requireFree(2000);
  }

  @Test
  void fragmentedFileIsWrittenPunchedTruncatedAndRemoved() throws Exception {
    OpenFile file = volume.create(volume.root(), "fragmented");
    byte[] data = new byte[100];
    for (int i = 0; i < 8_000; i++) {
      volume.write(file, i * 8192L, data);
    }
    // Punched whole blocks split extents that were one.
    OpenFile solid = volume.create(volume.root(), "solid");
    volume.vfs.allocate(solid, 0, 0, 40_000L * 4096);
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      volume.vfs.allocate(solid, 3, random.nextInt(40_000) * 4096L, 4096);
      volume.write(solid, random.nextInt(40_000) * 4096L, data);
    }
    volume.close(file);
    volume.close(solid);
    remount("with fragmented files");
    volume.truncate(file.inode(), 8192L * 3_333 + 50);
    volume.truncate(solid.inode(), 12_345);
    remount("with truncated files");
    volume.unlink(volume.root(), "fragmented");
    volume.unlink(volume.root(), "solid");
    requireFree(4);
  }

  @Test
  void attributesLinksAndDeepTreesAndOrphansThatAreOpen() throws Exception {
    long at = volume.root();
    for (int depth = 0; depth < 300; depth++) {
      at = volume.makeDirectory(at, "d" + depth);
    }
    OpenFile file = volume.create(volume.root(), "file");
    volume.vfs.setXattr(
        InodeId.ofNumber(file.inode()), MountedVolume.bytes("user.big"), new byte[65_536], 0);
    volume.vfs.setXattr(
        InodeId.ofNumber(file.inode()), MountedVolume.bytes("user.more"), new byte[60_000], 0);
    volume.vfs.setXattr(
        InodeId.ofNumber(file.inode()), MountedVolume.bytes("user.big"), new byte[10], 0);
    for (int i = 0; i < 1000; i++) {
      volume.link(file.inode(), at, "link" + i);
    }
    volume.symlink(at, "short", "target");
    volume.symlink(at, "long", "t".repeat(3840));
    for (int i = 0; i < 500; i++) {
      OpenFile open = volume.create(volume.root(), "open" + i);
      volume.write(open, 0, new byte[i * 100]);
      volume.unlink(volume.root(), "open" + i);
    }
    remount("with files that were open and removed at the end");
    assertEquals(1001, volume.attributes(file.inode()).linkCount());
    volume.vfs.close();
  }

  @Test
  void crashWithOpenOrphansFreesThemAtTheNextMount() throws Exception {
    for (int i = 0; i < 300; i++) {
      OpenFile open = volume.create(volume.root(), "open" + i);
      volume.write(open, 0, new byte[i * 200]);
      volume.unlink(volume.root(), "open" + i);
    }
    volume.vfs.sync(volume.root(), false);
    SimulatedDisk after = disk.afterPowerCut(7);
    FsckOracle.endClaims(after);
    MountedVolume again = new MountedVolume(new SimulatedBlockDevice(after), false);
    again.vfs.close();
    FsckOracle.requireClean(after, "after a crash with orphans");
    again = new MountedVolume(new SimulatedBlockDevice(after), false);
    long now = again.vfs.statistics().freeBlocks();
    assertEquals(true, now > free - 40, now + " blocks free, before " + free);
    again.vfs.close();
    volume.vfs.close();
  }
}
