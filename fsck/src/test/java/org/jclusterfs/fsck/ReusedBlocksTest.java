package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.junit.jupiter.api.Test;

/**
 * Blocks that were metadata when they were logged hold file data when the log is replayed: a revoke
 * in the same journal or the bitmaps in place keep replay from writing over them.
 */
class ReusedBlocksTest {
  private static final int FILES = 24;
  private static final int ATTRIBUTE_BYTES = 7000;
  private static final int CHUNK = 64 * SimulatedBlockDevice.BLOCK;

  /** More than the 16 blocks that a group keeps back, so that most are blocks freed just now. */
  private static final int DATA_BYTES = 40 * SimulatedBlockDevice.BLOCK;

  private final SimulatedDisk disk = formatted();
  private final List<MountedVolume> nodes = new ArrayList<>();

  private static SimulatedDisk formatted() {
    try {
      return CrashRun.formatted();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Fills attributes' blocks on the first node, frees them and writes a file into them on the last
   * one, and cuts the power when that file is durable.
   *
   * @return whether the file is whole after recovery
   */
  private boolean dataIsWholeAfterRecovery(int count, Fault... faults) throws Exception {
    SimulatedBlockDevice.Registrations registrations = new SimulatedBlockDevice.Registrations();
    for (int i = 0; i < count; i++) {
      SimulatedBlockDevice device = new SimulatedBlockDevice(disk, registrations);
      nodes.add(new MountedVolume(device, count > 1, faults));
    }
    MountedVolume first = nodes.get(0);
    MountedVolume last = nodes.get(count - 1);
    long[] files = new long[FILES];
    for (int i = 0; i < FILES; i++) {
      OpenFile file = first.create(first.root(), "attributes " + i);
      files[i] = file.inode();
      first.close(file);
    }
    OpenFile target = last.create(last.root(), "target");
    fill(last);
    Random random = new Random(1);
    for (long file : files) {
      byte[] value = CrashOperation.withoutZeros(random, ATTRIBUTE_BYTES);
      first.vfs.setXattr(InodeId.ofNumber(file), MountedVolume.bytes("user.a"), value, 0);
    }
    first.vfs.sync(files[0], false);
    for (long file : files) {
      last.vfs.removeXattr(InodeId.ofNumber(file), MountedVolume.bytes("user.a"));
    }
    last.vfs.sync(files[0], false);
    byte[] data = CrashOperation.withoutZeros(random, DATA_BYTES);
    int written = last.write(target, 0, data);
    assertTrue(written == data.length, "only " + written + " bytes of room");
    last.vfs.sync(target.inode(), false);
    SimulatedDisk survivor = disk.afterPowerCut(i -> false);
    disk.cutPower();
    for (MountedVolume node : nodes) {
      try {
        node.vfs.close();
      } catch (FsException e) {
        // The power is off.
      }
    }
    FsckOracle.endClaims(survivor);
    MountedVolume after = new MountedVolume(new SimulatedBlockDevice(survivor), false, faults);
    boolean whole = Arrays.equals(data, after.readWhole(after.lookup(after.root(), "target")));
    after.vfs.close();
    return whole;
  }

  /** Leaves no room but what the attributes need. */
  private static void fill(MountedVolume volume) throws FsException {
    OpenFile filler = volume.create(volume.root(), "filler");
    byte[] data = new byte[CHUNK];
    Arrays.fill(data, (byte) 1);
    long offset = 0;
    try {
      for (int count = CHUNK; count == CHUNK; offset += count) {
        count = volume.write(filler, offset, data);
      }
    } catch (FsException e) {
      if (e.failure() != FsException.Failure.NO_SPACE) {
        throw e;
      }
    }
    long blocks = FILES * (ATTRIBUTE_BYTES / SimulatedBlockDevice.BLOCK + 1);
    volume.truncate(filler.inode(), offset - (blocks + 16) * SimulatedBlockDevice.BLOCK);
    volume.vfs.sync(filler.inode(), false);
    volume.close(filler);
  }

  @Test
  void revokesAloneKeepTheDataOfOneNode() throws Exception {
    assertTrue(dataIsWholeAfterRecovery(1, Fault.REPLAY_BITMAPS));
  }

  @Test
  void bitmapsAloneKeepTheDataOfOneNode() throws Exception {
    assertTrue(dataIsWholeAfterRecovery(1, Fault.REVOKE));
  }

  @Test
  void leftOutRevokesAndBitmapsAreFound() throws Exception {
    assertFalse(dataIsWholeAfterRecovery(1, Fault.REVOKE, Fault.REPLAY_BITMAPS));
  }

  @Test
  void dataOverMetadataOfAnotherNodesJournalIsWhole() throws Exception {
    assertTrue(dataIsWholeAfterRecovery(2));
  }

  @Test
  void leftOutBitmapsAreFoundWhereAnotherNodesJournalHoldsTheImages() throws Exception {
    assertFalse(dataIsWholeAfterRecovery(2, Fault.REPLAY_BITMAPS));
  }
}
