package org.jclusterfs.fsck;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.journal.testing.SimulatedDisk;

/** Runs the checker on a simulated disk: what it finds is a bug of the filesystem, or of it. */
final class FsckOracle {
  private FsckOracle() {}

  /** What a check came to. */
  record Result(int status, String output) {}

  /** Checks, and repairs if the mode says so. */
  static Result check(SimulatedDisk disk, Mode mode) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    Report report = new Report(out, mode, null);
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      int status = new Fsck(device, report, true, false, 0).run();
      return new Result(status, bytes.toString(StandardCharsets.UTF_8));
    }
  }

  /** Fails unless a check that writes nothing finds nothing. */
  static void requireClean(SimulatedDisk disk, String when) throws IOException {
    Result result = check(disk, Mode.NO);
    if (result.status() != Fsck.CLEAN) {
      throw new AssertionError("fsck " + when + " finds:\n" + result.output());
    }
  }

  /** Repairs, and fails unless nothing is left then. */
  static void requireRepairable(SimulatedDisk disk, String when) throws IOException {
    Result repaired = check(disk, Mode.YES);
    Result again = check(disk, Mode.NO);
    if (again.status() != Fsck.CLEAN) {
      throw new AssertionError(
          "fsck -y " + when + ":\n" + repaired.output() + "and then -n:\n" + again.output());
    }
  }

  /** Whether no slot is claimed: who had the volume mounted left in order. */
  static boolean isReleased(SimulatedDisk disk) throws IOException {
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      Geometry geometry = Geometry.of(Superblocks.readPrimary(device));
      for (int slot = 0; slot < geometry.slotCount(); slot++) {
        ByteBuffer block = BlockIo.read(device, geometry.slotBlock(slot), 1);
        if (SlotDescriptor.state(block) != SlotDescriptor.FREE) {
          return false;
        }
      }
      return true;
    }
  }

  /** Makes all claims of slots look like those of processes that are gone: ours, in truth. */
  static void endClaims(SimulatedDisk disk) throws IOException {
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      ByteBuffer superblock = Superblocks.readPrimary(device);
      Geometry geometry = Geometry.of(superblock);
      for (int slot = 0; slot < geometry.slotCount(); slot++) {
        ByteBuffer block = BlockIo.read(device, geometry.slotBlock(slot), 1);
        if (SlotDescriptor.state(block) != SlotDescriptor.FREE) {
          SlotDescriptor.startTime(block, SlotDescriptor.startTime(block) + 1);
          BlockHeader.seal(block);
          BlockIo.write(device, geometry.slotBlock(slot), block);
        }
      }
      device.flush().join();
    }
  }
}
