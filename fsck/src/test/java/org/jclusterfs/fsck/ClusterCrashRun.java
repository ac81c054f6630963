package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * One seeded run of two nodes on one volume that both lose it by a power cut: what was synced is
 * whole, nothing is garbage, and the volume is in order after both journals were replayed.
 */
final class ClusterCrashRun {
  private final long seed;
  private final Random random;
  private final List<MountedVolume> nodes = new ArrayList<>();
  private SimulatedDisk disk;
  private ModelVolume model;

  ClusterCrashRun(long seed) {
    this.seed = seed;
    this.random = new Random(seed);
  }

  /** Runs; an {@link AssertionError} says what went wrong, with the seed. */
  void run() throws Exception {
    try {
      disk = CrashRun.formatted();
      work();
      disk = disk.afterPowerCut(random.nextLong());
      FsckOracle.endClaims(disk);
      verify();
    } catch (AssertionError | Exception e) {
      String recent = model == null ? "" : "\nlast operations:\n" + model.recent();
      throw new AssertionError("two nodes, seed " + seed + ": " + e + recent, e);
    }
  }

  private void work() throws Exception {
    SimulatedBlockDevice.Registrations registrations = new SimulatedBlockDevice.Registrations();
    for (int i = 0; i < 2; i++) {
      nodes.add(new MountedVolume(new SimulatedBlockDevice(disk, registrations), true));
    }
    MountedVolume first = nodes.get(0);
    model = new ModelVolume(random, first.lookup(first.root(), "lost+found"), nodes);
    model.root().number = first.root();
    disk.cutPowerAt(1 + random.nextInt(random.nextBoolean() ? 100 : 1500));
    try {
      for (int i = 0; i < 400; i++) {
        model.step();
      }
    } catch (FsException e) {
      if (!disk.isDead() || e.failure() != FsException.Failure.IO) {
        throw e;
      }
    }
    disk.cutPower();
    for (MountedVolume node : nodes) {
      try {
        node.vfs.close();
      } catch (FsException e) {
        // The power is off.
      }
    }
  }

  private void verify() throws Exception {
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), true);
    Map<String, Long> files = new TreeMap<>();
    CrashRun.walk(volume, new StringBuilder(), "", volume.root(), files);
    Set<Long> found = new HashSet<>(files.values());
    for (ModelInode inode : model.byNumber().values()) {
      if (inode.links > 0 && inode.isDurable() && !found.contains(inode.number)) {
        throw new AssertionError("inode " + inode.number + " was synced and is lost");
      }
    }
    for (Map.Entry<String, Long> file : files.entrySet()) {
      ModelInode inode = model.byNumber().get(file.getValue());
      String wrong =
          inode == null ? "unknown inode" : inode.judge(volume.readWhole(file.getValue()));
      if (wrong != null) {
        throw new AssertionError(file.getKey() + ", inode " + file.getValue() + ": " + wrong);
      }
    }
    volume.vfs.close();
    FsckOracle.requireClean(disk, "after a power cut of two nodes");
  }
}
