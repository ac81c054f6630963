package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.SlotDescriptor;

/** Checks the slot area: descriptors, heartbeat and fence blocks, and what descriptors point to. */
final class SlotPass {
  private final Check check;

  SlotPass(Check check) {
    this.check = check;
  }

  void run() throws IOException {
    check.store.readAhead(check.geometry.slotArea(), 3 * SlotDescriptor.CAPACITY);
    BeatPass beats = new BeatPass(check);
    for (int slot = 0; slot < SlotDescriptor.CAPACITY; slot++) {
      descriptor(slot);
      beats.run(slot);
    }
    new JournalPlaces(check).run();
    for (int slot = 0; slot < check.orphanDirectories.length; slot++) {
      orphanDirectory(slot);
    }
  }

  private BlockStore.Checked read(int slot) throws IOException {
    return check.store.readChecked(check.geometry.slotBlock(slot), SlotDescriptor.MAGIC);
  }

  private void descriptor(int slot) throws IOException {
    BlockStore.Checked read = read(slot);
    if (read.good()) {
      if (new SlotFields(check, slot, read.block()).run()) {
        check.store.write(read.block());
      }
    } else if (check.report.fix(Problem.SLOT_DESCRIPTOR_DAMAGED, slot, read.text())) {
      writeDescriptor(slot);
    }
  }

  private void orphanDirectory(int slot) throws IOException {
    BlockStore.Checked read = read(slot);
    if (!read.good()) {
      return;
    }
    long number = SlotDescriptor.orphanDirectory(read.block());
    String other = null;
    if (number != 0 && number == check.rootInode()) {
      other = "the root directory";
    } else if (number != 0
        && number == check.lostFoundInode()
        && !(check.geometry.isAllocatable(number)
            && isOrphanDirectory(check.store.readChecked(number, InodeBlock.MAGIC)))) {
      other = "lost+found";
    }
    for (int before = 0; before < slot; before++) {
      if (number != 0 && check.orphanDirectories[before] == number) {
        other = "that of slot " + before;
      }
    }
    if (other != null) {
      boolean fix = check.report.fix(Problem.ORPHAN_DIRECTORY_SHARED, slot, number, other);
      number = 0;
      if (fix) {
        number = findOrphanDirectory(slot);
        SlotDescriptor.orphanDirectory(read.block(), number);
        check.store.write(read.block());
      }
    }
    check.orphanDirectories[slot] = number;
  }

  private void writeDescriptor(int slot) throws IOException {
    ByteBuffer block = check.newBlock(SlotDescriptor.MAGIC, check.geometry.slotBlock(slot), slot);
    SlotDescriptor.slot(block, slot);
    if (slot < check.geometry.slotCount()) {
      SlotDescriptor.journalStart(block, JournalPlaces.start(check.geometry, slot));
      SlotDescriptor.journalBlocks(block, JournalPlaces.blocks(check.geometry));
      SlotDescriptor.orphanDirectory(block, findOrphanDirectory(slot));
    }
    check.store.write(block);
  }

  /** A directory that is its own parent, is not the root and is no other slot's; 0: none. */
  private long findOrphanDirectory(int slot) throws IOException {
    Set<Long> taken = new HashSet<>();
    taken.add(check.rootInode());
    for (int other = 0; other < check.geometry.slotCount(); other++) {
      BlockStore.Checked read = read(other);
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
