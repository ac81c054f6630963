package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.jclusterfs.journal.testing.DiskImage;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * The small volume that all sequences start from. It has been used before: free blocks hold stale
 * metadata and data of files that are gone, and random bytes, so that nothing that comes back by
 * mistake looks like zeros.
 */
final class CrashTemplate {
  private static final long BLOCKS = 4096;
  private static final int JOURNAL_BLOCKS = 256;

  /** Operations that fail for want of power are no news; kept here, since loggers are weak. */
  private static final Logger LOGGER = Logger.getLogger("org.jclusterfs.core");

  private static DiskImage image;
  private static Geometry geometry;
  private static UUID uuid;

  static {
    LOGGER.setLevel(Level.OFF);
  }

  private CrashTemplate() {}

  static synchronized DiskImage image() throws Exception {
    if (image == null) {
      image = make();
    }
    return image;
  }

  static synchronized Geometry geometry() throws Exception {
    image();
    return geometry;
  }

  static synchronized UUID uuid() throws Exception {
    image();
    return uuid;
  }

  private static DiskImage make() throws Exception {
    SimulatedDisk disk = new SimulatedDisk(noise());
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      FormatOptions options =
          FormatOptions.defaults()
              .withBlocks(BLOCKS)
              .withSlots(3)
              .withJournalBlocks(JOURNAL_BLOCKS)
              .withDiscard(false);
      VolumeFormatter.format(device, options);
      ByteBuffer superblock = Superblocks.readPrimary(device);
      geometry = Geometry.of(superblock);
      uuid = BlockHeader.volumeUuid(superblock);
    }
    age(disk);
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    CrashOperation.prepare(new RealTree(volume));
    volume.vfs.close();
    FsckOracle.requireClean(disk, "of the template");
    return disk.image().asBase();
  }

  private static DiskImage noise() {
    Random random = new Random(1);
    Map<Long, byte[]> noise = new HashMap<>();
    for (long block = 0; block < BLOCKS; block++) {
      byte[] content = new byte[SimulatedBlockDevice.BLOCK];
      random.nextBytes(content);
      noise.put(block, content);
    }
    return new SimulatedDisk(SimulatedBlockDevice.BLOCK, BLOCKS).image().with(noise).asBase();
  }

  /** Fills a part of the volume and removes it again. */
  private static void age(SimulatedDisk disk) throws Exception {
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    List<String> names = new ArrayList<>();
    RealTree tree = new RealTree(volume);
    tree.makeDirectory("/old");
    for (int i = 0; i < 60; i++) {
      String name = "/old/file-" + i + "-" + "x".repeat(60);
      tree.create(name);
      tree.write(name, 0, CrashOperation.pattern(name, i % 3 == 0 ? 900 : 3000 + 200 * i));
      if (i % 4 == 0) {
        tree.setXattr(name, "user.old", CrashOperation.pattern(name, 4500));
      }
      names.add(name);
    }
    tree.syncAll();
    for (String name : names) {
      tree.unlink(name);
    }
    tree.removeDirectory("/old");
    volume.vfs.close();
  }
}
