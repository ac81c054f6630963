package org.jclusterfs.fsck;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * One seeded run: random operations beside a model, a power cut at a random write, and a look at
 * what is left, once before and once after the orphans are freed.
 */
final class CrashRun {
  private static final long BLOCKS = 8192;
  private static final int JOURNAL_BLOCKS = 256;
  private static final int STEPS_PER_TRIM = 25;

  /** Operations that fail for want of power are no news; kept here, since loggers are weak. */
  private static final Logger LOGGER = Logger.getLogger("org.jclusterfs.core");

  static {
    LOGGER.setLevel(Level.OFF);
  }

  private static SimulatedDisk template;

  private final long seed;
  private final Random random;
  private SimulatedDisk disk;
  private ModelVolume model;

  CrashRun(long seed) {
    this.seed = seed;
    this.random = new Random(seed);
  }

  static synchronized SimulatedDisk formatted() throws IOException {
    if (template == null) {
      SimulatedDisk fresh = new SimulatedDisk(SimulatedBlockDevice.BLOCK, BLOCKS);
      try (SimulatedBlockDevice device = new SimulatedBlockDevice(fresh)) {
        VolumeFormatter.format(
            device, FormatOptions.defaults().withSlots(2).withJournalBlocks(JOURNAL_BLOCKS));
        device.flush().join();
      }
      template = fresh;
    }
    return template.afterPowerCut(i -> true);
  }

  /** Runs; an {@link AssertionError} says what went wrong, with the seed. */
  void run() throws Exception {
    try {
      disk = formatted();
      int rounds = 1 + random.nextInt(3);
      for (int round = 0; round < rounds; round++) {
        round();
      }
    } catch (AssertionError | Exception e) {
      String recent = model == null ? "" : "\nlast operations:\n" + model.recent();
      throw new AssertionError("seed " + seed + ": " + e + recent, e);
    }
  }

  private void round() throws Exception {
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    model = new ModelVolume(random, volume.lookup(volume.root(), "lost+found"), List.of(volume));
    clear(volume);
    model.root().number = volume.root();
    int steps = 20 + random.nextInt(400);
    boolean cut = random.nextInt(8) != 0;
    if (cut) {
      disk.cutPowerAt(1 + random.nextInt(1 + (random.nextBoolean() ? 20 : 600)));
    }
    try {
      for (int i = 0; i < steps; i++) {
        model.step();
        if (random.nextInt(STEPS_PER_TRIM) == 0) {
          volume.vfs.trim(0, -1, 0, Cancellation.NEVER);
        }
      }
    } catch (FsException e) {
      if (!disk.isDead() || e.failure() != FsException.Failure.IO) {
        throw e;
      }
    }
    if (cut) {
      disk.cutPower();
    }
    boolean orderly = close(volume);
    if (orderly) {
      FsckOracle.requireClean(disk, "after an orderly unmount");
    }
    if (disk.isDead()) {
      disk = disk.afterPowerCut(random.nextLong());
      FsckOracle.endClaims(disk);
    }
    verify(orderly);
  }

  private boolean close(MountedVolume volume) throws FsException {
    try {
      volume.vfs.close();
      return !disk.isDead();
    } catch (FsException e) {
      if (!disk.isDead()) {
        throw e;
      }
      return false;
    }
  }

  /** Begins a round with an empty tree that is durable. */
  static void clear(MountedVolume volume) throws FsException {
    for (Map.Entry<String, Long> entry : volume.list(volume.root()).entrySet()) {
      if (!entry.getKey().equals("lost+found")) {
        removeAll(volume, volume.root(), entry.getKey(), entry.getValue());
      }
    }
    for (String attribute : volume.xattrs(volume.root()).keySet()) {
      volume.vfs.removeXattr(InodeId.ofNumber(volume.root()), MountedVolume.bytes(attribute));
    }
    volume.vfs.sync(volume.root(), false);
  }

  private static void removeAll(MountedVolume volume, long parent, String name, long inode)
      throws FsException {
    int type = volume.attributes(inode).mode() & MountedVolume.TYPE_MASK;
    if (type != MountedVolume.DIRECTORY) {
      volume.unlink(parent, name);
      return;
    }
    for (Map.Entry<String, Long> entry : volume.list(inode).entrySet()) {
      removeAll(volume, inode, entry.getKey(), entry.getValue());
    }
    volume.removeDirectory(parent, name);
  }

  private void verify(boolean orderly) throws Exception {
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    StringBuilder found = new StringBuilder();
    Map<String, Long> files = new TreeMap<>();
    walk(volume, found, "", volume.root(), files);
    List<String> possible = model.possible();
    String state = found.toString();
    if (orderly ? !possible.get(possible.size() - 1).equals(state) : !possible.contains(state)) {
      throw new AssertionError(
          "the tree is in none of the "
              + possible.size()
              + " states that it may be in; found:\n"
              + state
              + "newest:\n"
              + possible.get(possible.size() - 1)
              + "oldest:\n"
              + possible.get(0));
    }
    verifyContent(volume, model.byNumber(), files, orderly);
    volume.vfs.close();
    FsckOracle.requireClean(disk, "after a power cut, a mount and an unmount");
  }

  private static void verifyContent(
      MountedVolume volume, Map<Long, ModelInode> inodes, Map<String, Long> files, boolean orderly)
      throws FsException {
    for (Map.Entry<String, Long> file : files.entrySet()) {
      ModelInode inode = inodes.get(file.getValue());
      byte[] content = volume.readWhole(file.getValue());
      if (orderly) {
        inode.syncedVersion = inode.versions.size() - 1;
      }
      String wrong = inode == null ? "unknown inode" : inode.judge(content);
      if (wrong != null) {
        throw new AssertionError(file.getKey() + ", inode " + file.getValue() + ": " + wrong);
      }
    }
  }

  static void walk(
      MountedVolume volume, StringBuilder out, String path, long number, Map<String, Long> files)
      throws FsException {
    Attributes attributes = volume.attributes(number);
    int type = attributes.mode() & MountedVolume.TYPE_MASK;
    ModelInode.Type kind =
        type == MountedVolume.DIRECTORY
            ? ModelInode.Type.DIRECTORY
            : type == MountedVolume.SYMLINK ? ModelInode.Type.SYMLINK : ModelInode.Type.FILE;
    String target = kind == ModelInode.Type.SYMLINK ? volume.readLink(number) : null;
    ModelInode.line(out, path, kind, attributes.linkCount(), target, volume.xattrs(number), null);
    if (kind == ModelInode.Type.FILE) {
      files.put(path, number);
    }
    if (kind == ModelInode.Type.DIRECTORY) {
      for (Map.Entry<String, Long> entry : volume.list(number).entrySet()) {
        walk(volume, out, path + "/" + entry.getKey(), entry.getValue(), files);
      }
    }
  }
}
