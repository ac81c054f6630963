package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.vfs.AttributeChange;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was made durable is there after a power cut that loses every volatile write. */
final class DurabilityTest {

  private SimulatedDisk disk;
  private MountedVolume volume;

  /** What to look at after the power is back. */
  private interface Look {
    void at(MountedVolume after) throws Exception;
  }

  @BeforeEach
  void mount() throws Exception {
    disk = CrashRun.formatted();
    volume = new MountedVolume(new SimulatedBlockDevice(disk), false);
  }

  private void afterPowerCut(Look look) throws Exception {
    SimulatedDisk survivor = disk.afterPowerCut(i -> false);
    disk.cutPower();
    FsckOracle.endClaims(survivor);
    MountedVolume after = new MountedVolume(new SimulatedBlockDevice(survivor), false);
    look.at(after);
    after.vfs.close();
    FsckOracle.requireClean(survivor, "after the power cut");
  }

  private static byte[] filled(int bytes, int value) {
    byte[] data = new byte[bytes];
    Arrays.fill(data, (byte) value);
    return data;
  }

  @Test
  void syncedDirectoryKeepsNamesThatWereMadeMovedAndRemoved() throws Exception {
    long directory = volume.makeDirectory(volume.root(), "d");
    volume.close(volume.create(directory, "a"));
    volume.close(volume.create(directory, "b"));
    volume.vfs.sync(directory, false);
    volume.rename(directory, "a", directory, "c", 0);
    volume.unlink(directory, "b");
    volume.makeDirectory(directory, "e");
    volume.vfs.sync(directory, false);
    afterPowerCut(
        after ->
            assertEquals(
                "[c, e]", after.list(after.lookup(after.root(), "d")).keySet().toString()));
  }

  @Test
  void syncedDirectoryHoldsAFileMovedIntoItFromAnother() throws Exception {
    long from = volume.makeDirectory(volume.root(), "from");
    long to = volume.makeDirectory(volume.root(), "to");
    volume.close(volume.create(from, "f"));
    volume.vfs.sync(volume.root(), false);
    volume.rename(from, "f", to, "g", 0);
    volume.vfs.sync(to, false);
    afterPowerCut(
        after -> {
          assertEquals("[]", after.list(after.lookup(after.root(), "from")).keySet().toString());
          assertEquals("[g]", after.list(after.lookup(after.root(), "to")).keySet().toString());
        });
  }

  @Test
  void dataSyncKeepsDataAndSizeOfEveryKindOfWrite() throws Exception {
    OpenFile file = volume.create(volume.root(), "f");
    volume.write(file, 0, filled(10_000, 1));
    volume.vfs.sync(file.inode(), true);
    volume.write(file, 4096, filled(4096, 2));
    volume.vfs.sync(file.inode(), true);
    volume.write(file, 10_000, filled(20_000, 3));
    volume.vfs.sync(file.inode(), true);
    byte[] expected = filled(30_000, 3);
    Arrays.fill(expected, 0, 10_000, (byte) 1);
    Arrays.fill(expected, 4096, 8192, (byte) 2);
    afterPowerCut(
        after -> assertArrayEquals(expected, after.readWhole(after.lookup(after.root(), "f"))));
  }

  @Test
  void syncOfOneFileKeepsItsNameAndItsDirectories() throws Exception {
    long outer = volume.makeDirectory(volume.root(), "outer");
    long inner = volume.makeDirectory(outer, "inner");
    OpenFile file = volume.create(inner, "f");
    volume.write(file, 0, filled(100, 4));
    volume.vfs.sync(file.inode(), false);
    afterPowerCut(
        after -> {
          long found =
              after.lookup(after.lookup(after.lookup(after.root(), "outer"), "inner"), "f");
          assertArrayEquals(filled(100, 4), after.readWhole(found));
        });
  }

  @Test
  void syncKeepsAttributesAndTruncation() throws Exception {
    OpenFile file = volume.create(volume.root(), "f");
    volume.write(file, 0, filled(50_000, 5));
    volume.vfs.sync(file.inode(), false);
    volume.truncate(file.inode(), 5000);
    volume.vfs.setXattr(
        InodeId.ofNumber(file.inode()), MountedVolume.bytes("user.a"), filled(6000, 6), 0);
    volume.vfs.setAttributes(
        InodeId.ofNumber(file.inode()),
        new AttributeChange(0600, null, null, null, null, null, false),
        attributes -> {});
    volume.vfs.sync(file.inode(), false);
    afterPowerCut(
        after -> {
          long found = after.lookup(after.root(), "f");
          assertArrayEquals(filled(5000, 5), after.readWhole(found));
          assertArrayEquals(filled(6000, 6), after.xattrs(found).get("user.a"));
          assertEquals(0600, after.attributes(found).mode() & 0777);
        });
  }

  @Test
  void whatNobodySyncedBecomesDurableByItself() throws Exception {
    OpenFile file = volume.create(volume.root(), "f");
    volume.write(file, 0, filled(9000, 7));
    // The cleaner commits on its own; how soon is up to the machine as well.
    long before = disk.changes();
    AtomicReference<SimulatedDisk> survivor = new AtomicReference<>();
    for (int i = 0; i < 3000 && survivor.get() == null; i++) {
      Thread.sleep(10);
      if (disk.changes() > before) {
        SimulatedDisk seen = disk.afterPowerCut(n -> false);
        FsckOracle.endClaims(seen);
        MountedVolume after = new MountedVolume(new SimulatedBlockDevice(seen), false);
        if (after.list(after.root()).containsKey("f")) {
          long found = after.lookup(after.root(), "f");
          if (after.attributes(found).size() == 9000) {
            assertArrayEquals(filled(9000, 7), after.readWhole(found));
            survivor.set(seen);
          }
        }
        after.vfs.close();
      }
    }
    assertNotNull(survivor.get(), "never became durable");
  }
}
