package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.FenceBlock;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.SlotDescriptor;

/** Checks the slot area: descriptors, heartbeat and fence blocks. */
final class SlotPass {
  private final Check check;

  SlotPass(Check check) {
    this.check = check;
  }

  void run() throws IOException {
    check.store.readAhead(check.geometry.slotArea(), 3 * SlotDescriptor.CAPACITY);
    for (int slot = 0; slot < SlotDescriptor.CAPACITY; slot++) {
      long address = check.geometry.slotBlock(slot);
      BlockStore.Checked read = check.store.readChecked(address, SlotDescriptor.MAGIC);
      boolean sane = read.good() && sane(read.block(), slot);
      String text = read.good() ? "contradicts itself" : read.text();
      if (!sane && check.report.fix(Problem.SLOT_DESCRIPTOR_DAMAGED, slot, text)) {
        writeDescriptor(slot);
      }
      checkOther(
          Problem.HEARTBEAT_DAMAGED, Heartbeat.MAGIC, check.geometry.heartbeatBlock(slot), slot);
      checkOther(
          Problem.FENCE_BLOCK_DAMAGED, FenceBlock.MAGIC, check.geometry.fenceBlock(slot), slot);
    }
    for (int slot = 0; slot < check.orphanDirectories.length; slot++) {
      BlockStore.Checked read =
          check.store.readChecked(check.geometry.slotBlock(slot), SlotDescriptor.MAGIC);
      check.orphanDirectories[slot] =
          read.good() ? SlotDescriptor.orphanDirectory(read.block()) : 0;
    }
  }

  private boolean sane(ByteBuffer block, int slot) {
    if (SlotDescriptor.slot(block) != slot || SlotDescriptor.state(block) > SlotDescriptor.TOOL) {
      return false;
    }
    long start = SlotDescriptor.journalStart(block);
    long length = SlotDescriptor.journalBlocks(block);
    return slot >= check.geometry.slotCount()
        || start > check.geometry.slotArea()
            && length > 0
            && start + length > start
            && start + length < check.geometry.totalBlocks();
  }

  private void checkOther(Problem problem, int magic, long address, int slot) throws IOException {
    BlockStore.Checked read = check.store.readChecked(address, magic);
    // The slot number stands at the same place in heartbeat and fence blocks.
    boolean sane = read.good() && Heartbeat.slot(read.block()) == slot;
    String text = read.good() ? "names another slot" : read.text();
    if (!sane && check.report.fix(problem, slot, text)) {
      ByteBuffer block = check.newBlock(magic, address, slot);
      Heartbeat.slot(block, slot);
      check.store.write(block);
    }
  }

  private void writeDescriptor(int slot) throws IOException {
    ByteBuffer block = check.newBlock(SlotDescriptor.MAGIC, check.geometry.slotBlock(slot), slot);
    SlotDescriptor.slot(block, slot);
    if (slot < check.geometry.slotCount()) {
      // At mkfs the journals fill what lies between the slot area and the groups, all alike.
      long area = check.geometry.groupArea() - org.jclusterfs.core.format.Geometry.JOURNAL_AREA;
      long length = area / check.geometry.slotCount();
      SlotDescriptor.journalBlocks(block, length);
      SlotDescriptor.journalStart(
          block, org.jclusterfs.core.format.Geometry.JOURNAL_AREA + slot * length);
      SlotDescriptor.orphanDirectory(block, findOrphanDirectory(slot));
    }
    check.store.write(block);
  }

  /** A directory that is its own parent, is not the root and is no other slot's; 0: none. */
  private long findOrphanDirectory(int slot) throws IOException {
    Set<Long> taken = new HashSet<>();
    taken.add(check.rootInode());
    for (int other = 0; other < check.geometry.slotCount(); other++) {
      BlockStore.Checked read =
          check.store.readChecked(check.geometry.slotBlock(other), SlotDescriptor.MAGIC);
      if (other != slot && read.good()) {
        taken.add(SlotDescriptor.orphanDirectory(read.block()));
      }
    }
    for (long group = 0; group < check.geometry.groupCount(); group++) {
      long end = check.geometry.groupStart(group) + check.geometry.groupLength(group);
      for (long block = check.geometry.firstDataBlock(group); block < end; block++) {
        if (check.diskState(block) == BitmapBlock.INODE
            && !taken.contains(block)
            && isOrphanDirectory(check.store.readChecked(block, InodeBlock.MAGIC))) {
          return block;
        }
      }
    }
    return 0;
  }

  private static boolean isOrphanDirectory(BlockStore.Checked read) {
    return read.good()
        && (InodeBlock.mode(read.block()) & InodeInfo.TYPE_MASK) == InodeInfo.DIRECTORY
        && InodeBlock.parent(read.block()) == BlockHeader.address(read.block());
  }
}
