package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * One seeded run on a volume that is full most of the time: whatever fails for want of space leaves
 * everything in order, and removing always works.
 */
final class FullVolumeRun {
  private static final long BLOCKS = 4096;

  private final long seed;
  private final Random random;
  private final List<String> names = new ArrayList<>();
  private final SimulatedDisk disk = new SimulatedDisk(SimulatedBlockDevice.BLOCK, BLOCKS);
  private MountedVolume volume;
  private int refused;

  FullVolumeRun(long seed) {
    this.seed = seed;
    this.random = new Random(seed);
  }

  /** Runs; an {@link AssertionError} says what went wrong, with the seed. */
  void run() throws Exception {
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      VolumeFormatter.format(device, FormatOptions.defaults().withSlots(1).withJournalBlocks(256));
    }
    try {
      volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
      long free = volume.vfs.statistics().freeBlocks();
      for (int round = 0; round < 3; round++) {
        fill();
        emptySome();
      }
      if (refused == 0) {
        throw new AssertionError("the volume was never full");
      }
      volume.vfs.close();
      FsckOracle.requireClean(disk, "of a volume that was full");
      emptyAll(free);
    } catch (AssertionError | Exception e) {
      throw new AssertionError("full volume, seed " + seed + ": " + e, e);
    }
  }

  private interface Step {
    void run() throws FsException;
  }

  /** False where there was no space; anything else is passed on. */
  private boolean attempt(Step step) throws FsException {
    try {
      step.run();
      return true;
    } catch (FsException e) {
      if (e.failure() != FsException.Failure.NO_SPACE) {
        throw e;
      }
      refused++;
      return false;
    }
  }

  private void fill() throws FsException {
    int inARow = 0;
    while (inARow < 40) {
      String name = "f" + random.nextInt(100_000) + "-" + "y".repeat(random.nextInt(180));
      boolean done =
          switch (random.nextInt(6)) {
            case 0, 1 -> attempt(() -> create(name));
            case 2 -> attempt(() -> extend(1 + random.nextInt(400_000)));
            case 3 -> attempt(() -> fragment());
            case 4 -> attempt(() -> preallocate());
            default -> attempt(() -> attribute());
          };
      inARow = done ? 0 : inARow + 1;
    }
  }

  private void create(String name) throws FsException {
    if (!names.contains(name)) {
      volume.close(volume.create(volume.root(), name));
      names.add(name);
    }
  }

  private long any() throws FsException {
    if (names.isEmpty()) {
      create("first");
    }
    return volume.lookup(volume.root(), names.get(random.nextInt(names.size())));
  }

  private void extend(int length) throws FsException {
    OpenFile file = volume.open(any());
    try {
      volume.write(file, volume.attributes(file.inode()).size(), new byte[length]);
    } finally {
      volume.close(file);
    }
  }

  private void fragment() throws FsException {
    OpenFile file = volume.open(any());
    try {
      for (int i = 0; i < 40; i++) {
        volume.write(file, random.nextInt(1000) * 8192L, new byte[100]);
      }
      volume.vfs.allocate(file, 3, random.nextInt(1000) * 4096L, 40_000);
    } finally {
      volume.close(file);
    }
  }

  private void preallocate() throws FsException {
    OpenFile file = volume.open(any());
    long offset = random.nextInt(100) * 65_536L;
    try {
      volume.vfs.allocate(file, 0, offset, 60_000);
      // What was allocated can be written, however full the volume is by now.
      int written = volume.write(file, offset + random.nextInt(14) * 4096, new byte[4096]);
      if (written != 4096) {
        throw new AssertionError("preallocated space took " + written + " bytes");
      }
    } finally {
      volume.close(file);
    }
  }

  private void attribute() throws FsException {
    byte[] name = MountedVolume.bytes("user.x" + random.nextInt(3));
    volume.vfs.setXattr(InodeId.ofNumber(any()), name, new byte[random.nextInt(30_000)], 0);
  }

  /** On a volume without a free block: none of this may fail. */
  private void emptySome() throws FsException {
    List<OpenFile> open = new ArrayList<>();
    int count = names.size() / 2;
    for (int i = 0; i < count; i++) {
      String name = names.remove(random.nextInt(names.size()));
      if (open.size() < 100) {
        open.add(volume.open(volume.lookup(volume.root(), name)));
      }
      volume.unlink(volume.root(), name);
    }
    if (names.size() > 1) {
      String moved = names.remove(0);
      volume.rename(volume.root(), moved, volume.root(), names.get(0), 0);
      long shrunk = any();
      volume.truncate(shrunk, random.nextLong(1 + volume.attributes(shrunk).size()));
    }
    for (OpenFile file : open) {
      volume.close(file);
    }
  }

  private void emptyAll(long free) throws Exception {
    volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    for (String name : names) {
      volume.unlink(volume.root(), name);
    }
    volume.vfs.close();
    volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    long now = volume.vfs.statistics().freeBlocks();
    volume.vfs.close();
    FsckOracle.requireClean(disk, "of a volume that was emptied");
    // The root and the orphan directory keep the leaves that they grew.
    if (now < free - 60) {
      throw new AssertionError(now + " blocks free, before " + free);
    }
  }
}
