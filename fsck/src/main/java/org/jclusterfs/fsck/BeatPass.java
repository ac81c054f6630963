package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.FenceBlock;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;

/** Checks the heartbeat and fence blocks of the slots. */
final class BeatPass {
  private final Check check;
  private final HeaderFields headers;
  private final HeaderFields heartbeatHeaders;

  BeatPass(Check check) {
    this.check = check;
    this.headers = new HeaderFields(check);
    // The version of a heartbeat is its sequence.
    this.heartbeatHeaders = new HeaderFields(check.report);
  }

  /** Checks the blocks of one slot. */
  void run(int slot) throws IOException {
    heartbeat(slot);
    fence(slot);
  }

  private void heartbeat(int slot) throws IOException {
    long address = check.geometry.heartbeatBlock(slot);
    BlockStore.Checked read = check.store.readChecked(address, Heartbeat.MAGIC);
    String wrong = read.good() ? heartbeatFault(read.block(), slot) : read.text();
    if (wrong == null) {
      if (heartbeatHeaders.check(read.block(), "heartbeat", slot)) {
        check.store.write(read.block());
      }
    } else if (check.report.fix(Problem.HEARTBEAT_DAMAGED, slot, wrong)) {
      ByteBuffer block = check.newBlock(Heartbeat.MAGIC, address, slot);
      Heartbeat.slot(block, slot);
      if (read.good() && Heartbeat.view(read.block()) > 0) {
        // The numbers of later views go on above it.
        Heartbeat.view(block, Heartbeat.view(read.block()));
      }
      check.store.write(block);
    }
  }

  private String heartbeatFault(ByteBuffer block, int slot) {
    if (Heartbeat.slot(block) != slot) {
      return "names another slot";
    }
    int state = Heartbeat.state(block);
    if (state < Heartbeat.DOWN || state > Heartbeat.FORMING) {
      return "has unknown state " + state;
    }
    if (Heartbeat.threshold(block) < 0
        || Heartbeat.view(block) < 0
        || Heartbeat.sequence(block) < 0
        || Heartbeat.wallClock(block) < 0) {
      return "has a negative number";
    }
    for (int other = check.geometry.slotCount(); other < Heartbeat.CONNECTED_LENGTH * 8; other++) {
      if (Heartbeat.connected(block, other)) {
        return "tells of a connection to slot " + other + ", which there is not";
      }
    }
    return null;
  }

  private void fence(int slot) throws IOException {
    long address = check.geometry.fenceBlock(slot);
    BlockStore.Checked read = check.store.readChecked(address, FenceBlock.MAGIC);
    String wrong = read.good() ? fenceFault(read.block(), slot) : read.text();
    if (wrong == null) {
      if (headers.check(read.block(), "fence block", slot)) {
        check.store.write(read.block());
      }
    } else if (check.report.fix(Problem.FENCE_BLOCK_DAMAGED, slot, wrong)) {
      ByteBuffer block = check.newBlock(FenceBlock.MAGIC, address, slot);
      FenceBlock.slot(block, slot);
      if (read.good()) {
        FenceBlock.incarnation(block, FenceBlock.incarnation(read.block()));
      }
      check.store.write(block);
    }
  }

  private static String fenceFault(ByteBuffer block, int slot) {
    if (FenceBlock.slot(block) != slot) {
      return "names another slot";
    }
    int fencer = FenceBlock.fencer(block);
    if (fencer < 0 || fencer >= SlotDescriptor.CAPACITY) {
      return "names slot " + fencer + " as the one that fenced, which there is not";
    }
    return FenceBlock.fencedAt(block) < 0 ? "has an impossible time" : null;
  }
}
