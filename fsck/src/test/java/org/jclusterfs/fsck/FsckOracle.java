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

  /** Fails unless a check that writes nothing finds nothing. */
  static void requireClean(SimulatedDisk disk, String when) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    Report report = new Report(out, Mode.NO, null);
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      int status = new Fsck(device, report, true, false, 0).run();
      if (status != Fsck.CLEAN) {
        throw new AssertionError(
            "fsck " + when + " finds:\n" + bytes.toString(StandardCharsets.UTF_8));
      }
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
