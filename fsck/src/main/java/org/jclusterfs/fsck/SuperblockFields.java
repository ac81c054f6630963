package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.SlotJournals;

/**
 * Checks the fields of the superblock that the rest of the volume does not prove wrong by itself.
 */
final class SuperblockFields {
  private static final int DEFAULT_THRESHOLD = 15_000;
  private static final int HIGHEST_THRESHOLD = 600_000;

  private final BlockStore store;
  private final Report report;
  private final ByteBuffer block;
  private boolean changed;

  /** For the copy to work by. */
  SuperblockFields(BlockStore store, Report report, ByteBuffer block) {
    this.store = store;
    this.report = report;
    this.block = block;
  }

  /** Checks, and corrects in the block; returns whether all copies have to be written. */
  boolean run() throws IOException {
    if (!SlotFields.isText(block, Superblock.LABEL_OFFSET, Superblock.LABEL_LENGTH)
        && wrong("a label that is not UTF-8 filled with NUL")) {
      Superblock.label(block, Superblock.label(block).replaceAll("[^\\x20-\\x7e]", ""));
    }
    int threshold = Superblock.heartbeatThreshold(block);
    if ((threshold < ClusterVolume.MIN_THRESHOLD_MILLIS || threshold > HIGHEST_THRESHOLD)
        && wrong("a heartbeat threshold of " + threshold + " ms")) {
      Superblock.heartbeatThreshold(block, DEFAULT_THRESHOLD);
    }
    int capacity = Superblock.slotCapacity(block);
    if (capacity != SlotDescriptor.CAPACITY && wrong("room for " + capacity + " slots")) {
      Superblock.slotCapacity(block, SlotDescriptor.CAPACITY);
    }
    reserved(Superblock.QUOTA_INODE_OFFSET, "quota");
    reserved(Superblock.SNAPSHOT_INODE_OFFSET, "snapshots");
    reserved(Superblock.REFCOUNT_INODE_OFFSET, "reflink");
    checkSlotCount();
    return changed;
  }

  private boolean wrong(String what) {
    boolean fix = report.fix(Problem.SUPERBLOCK_FIELD_WRONG, what);
    changed |= fix;
    return fix;
  }

  private void reserved(int offset, String feature) {
    if (block.getLong(offset) != 0 && wrong("an inode for " + feature + ", which it has not")) {
      block.putLong(offset, 0);
    }
  }

  /** Slots beyond the count that have a journal: the journals prove the count to be too low. */
  private void checkSlotCount() throws IOException {
    int count = Superblock.slotCount(block);
    Geometry geometry = Geometry.of(block);
    SlotJournals journals = new SlotJournals(store.device(), block);
    int found = count;
    while (found < SlotDescriptor.CAPACITY && hasJournal(geometry, journals, found)) {
      found++;
    }
    if (found > count && wrong(count + " slots, but " + found + " of them have a journal")) {
      Superblock.slotCount(block, found);
    }
  }

  private boolean hasJournal(Geometry geometry, SlotJournals journals, int slot)
      throws IOException {
    BlockStore.Checked read = store.readChecked(geometry.slotBlock(slot), SlotDescriptor.MAGIC);
    return read.good()
        && BlockHeader.owner(read.block()) == slot
        && SlotDescriptor.journalStart(read.block()) > 0
        && journals.isJournal(
            SlotDescriptor.journalStart(read.block()),
            SlotDescriptor.journalBlocks(read.block()),
            slot);
  }
}
