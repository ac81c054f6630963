package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.junit.jupiter.api.Test;

/** Operations that meet an error of the device half way: nothing half made is kept. */
final class DeviceErrorTest {

  private static final int NAMES = 400;
  private static final int PIECES = 300;
  private static final int BLOCK = SimulatedBlockDevice.BLOCK;
  private static final int PUNCH_KEEPING_SIZE = 3;

  private interface Operation {
    void run(MountedVolume volume) throws FsException;
  }

  /** A volume with a directory and two files whose trees have several nodes. */
  private static SimulatedDisk populated() throws Exception {
    SimulatedDisk disk = CrashRun.formatted();
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    long directory = volume.makeDirectory(volume.root(), "d");
    long other = volume.makeDirectory(volume.root(), "e");
    for (int i = 0; i < NAMES; i++) {
      volume.close(volume.create(directory, "a name that takes some room " + i));
    }
    volume.close(volume.create(other, "target"));
    OpenFile file = volume.create(volume.root(), "f");
    for (int i = 0; i < PIECES; i++) {
      volume.write(file, 2L * i * BLOCK, filled(BLOCK, i));
    }
    volume.vfs.setXattr(
        InodeId.ofNumber(file.inode()), MountedVolume.bytes("user.long"), filled(9000, 1), 0);
    volume.close(file);
    volume.vfs.close();
    return disk;
  }

  private static byte[] filled(int bytes, int value) {
    byte[] data = new byte[bytes];
    Arrays.fill(data, (byte) value);
    return data;
  }

  private static long file(MountedVolume volume) throws FsException {
    return volume.lookup(volume.root(), "f");
  }

  private static String name(int number) {
    return "a name that takes some room " + number;
  }

  private static Map<String, Operation> operations() {
    Map<String, Operation> all = new LinkedHashMap<>();
    all.put("create", v -> v.close(v.create(v.lookup(v.root(), "d"), "new")));
    all.put("mkdir", v -> v.makeDirectory(v.lookup(v.root(), "d"), "new"));
    all.put("symlink", v -> v.symlink(v.lookup(v.root(), "d"), "new", "x".repeat(4000)));
    all.put("unlink", v -> v.unlink(v.lookup(v.root(), "d"), name(7)));
    all.put("link", v -> v.link(file(v), v.lookup(v.root(), "d"), "new"));
    all.put(
        "rename",
        v -> {
          long directory = v.lookup(v.root(), "d");
          v.rename(directory, name(3), directory, "new", 0);
        });
    all.put(
        "rename to another directory",
        v -> v.rename(v.lookup(v.root(), "d"), name(3), v.lookup(v.root(), "e"), "new", 0));
    all.put(
        "rename over",
        v -> v.rename(v.lookup(v.root(), "d"), name(3), v.lookup(v.root(), "e"), "target", 0));
    all.put(
        "exchange",
        v ->
            v.rename(
                v.lookup(v.root(), "d"),
                name(3),
                v.lookup(v.root(), "e"),
                "target",
                Vfs.RENAME_EXCHANGE));
    all.put("write into a hole", v -> write(v, BLOCK, 3 * BLOCK + 17));
    all.put("overwrite", v -> write(v, 2L * 17 * BLOCK + 100, 50));
    all.put("append", v -> write(v, 2L * PIECES * BLOCK, 5 * BLOCK));
    all.put("truncate", v -> v.truncate(file(v), 2L * 100 * BLOCK + 5));
    all.put("truncate to nothing", v -> v.truncate(file(v), 0));
    all.put(
        "punch",
        v -> {
          OpenFile file = v.open(file(v));
          v.vfs.allocate(file, PUNCH_KEEPING_SIZE, 2L * 50 * BLOCK + 9, 40L * BLOCK);
          v.close(file);
        });
    all.put(
        "allocate",
        v -> {
          OpenFile file = v.open(file(v));
          v.vfs.allocate(file, 0, 0, 100L * BLOCK);
          v.close(file);
        });
    all.put(
        "set attribute",
        v ->
            v.vfs.setXattr(
                InodeId.ofNumber(file(v)), MountedVolume.bytes("user.x"), filled(20000, 2), 0));
    all.put(
        "remove attribute",
        v -> v.vfs.removeXattr(InodeId.ofNumber(file(v)), MountedVolume.bytes("user.long")));
    return all;
  }

  private static void write(MountedVolume volume, long offset, int bytes) throws FsException {
    OpenFile file = volume.open(file(volume));
    volume.write(file, offset, filled(bytes, 9));
    volume.close(file);
  }

  private static long firstGroupBlock(SimulatedDisk disk) throws IOException {
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      return Geometry.of(Superblocks.readPrimary(device)).groupArea();
    }
  }

  @Test
  void readErrorInAnyOperationLeavesTheVolumeWholeAndTheNodeUp() throws Exception {
    SimulatedDisk template = populated();
    long groups = firstGroupBlock(template);
    for (Map.Entry<String, Operation> operation : operations().entrySet()) {
      boolean met = true;
      for (int n = 0; met; n++) {
        met = failsAtRead(operation.getKey(), operation.getValue(), template, groups, n);
        assertTrue(n < 200, operation.getKey());
        assertTrue(met || n > 0, operation.getKey() + " reads nothing");
      }
    }
  }

  /** Runs an operation whose n-th read fails; false: it makes fewer of them. */
  private static boolean failsAtRead(
      String name, Operation operation, SimulatedDisk template, long groups, int n)
      throws Exception {
    SimulatedDisk disk = template.afterPowerCut(i -> true);
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    AtomicInteger left = new AtomicInteger(n);
    disk.intercept(
        seen -> {
          if (seen.kind() == SimulatedDisk.Kind.READ
              && seen.block() >= groups
              && left.getAndDecrement() == 0) {
            throw new IOException("medium error");
          }
        });
    try {
      operation.run(volume);
    } catch (FsException e) {
      assertEquals(FsException.Failure.IO, e.failure(), name);
    }
    boolean met = left.get() < 0;
    disk.intercept(seen -> {});
    // What failed was found out before anything was changed: the node goes on.
    volume.close(volume.create(volume.root(), "after"));
    volume.vfs.sync(volume.root(), false);
    volume.vfs.close();
    FsckOracle.requireClean(disk, "after " + name + " whose read " + n + " failed");
    return met;
  }

  @Test
  void dataWriteThatFailedBeforeItsCommitFailsTheCommit() throws Exception {
    SimulatedDisk disk = CrashRun.formatted();
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
    OpenFile file = volume.create(volume.root(), "f");
    volume.vfs.sync(file.inode(), false);
    AtomicInteger large = new AtomicInteger();
    disk.intercept(
        seen -> {
          if (seen.kind() == SimulatedDisk.Kind.WRITE
              && seen.blocks() > 64
              && large.getAndIncrement() == 0) {
            throw new IOException("medium error");
          }
        });
    try {
      // Enough to be written out before anybody asks for it.
      for (int i = 0; i < 6; i++) {
        volume.write(file, (long) i << 20, filled(1 << 20, 5));
      }
    } catch (FsException e) {
      assertEquals(FsException.Failure.IO, e.failure());
    }
    assertThrows(FsException.class, () -> volume.vfs.sync(file.inode(), false));
    assertTrue(large.get() > 0);
    try {
      volume.vfs.close();
    } catch (FsException e) {
      // The node withdrew.
    }
    disk = disk.afterPowerCut(i -> true);
    FsckOracle.endClaims(disk);
    MountedVolume after = new MountedVolume(new SimulatedBlockDevice(disk), false);
    byte[] kept = after.readWhole(after.lookup(after.root(), "f"));
    assertTrue(Arrays.equals(kept, filled(kept.length, 5)), "garbage in " + kept.length);
    after.vfs.close();
    FsckOracle.requireClean(disk, "after a data write failed");
  }
}
