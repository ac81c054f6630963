package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/**
 * Where things lie on a volume, computed from its superblock. Addresses are volume block numbers.
 *
 * @param totalBlocks size of the volume in blocks
 * @param slotArea first slot descriptor
 * @param slotCount slots that have a journal: 1–255
 * @param groupArea first block of group 0
 * @param groupBlocks blocks per group, the last one may be shorter
 * @param groupBitmapBlocks bitmap blocks per group, the same in all groups
 * @param groupCount number of groups
 */
public record Geometry(
    long totalBlocks,
    long slotArea,
    int slotCount,
    long groupArea,
    int groupBlocks,
    int groupBitmapBlocks,
    long groupCount) {

  /** First slot descriptor in format version 1. */
  public static final long SLOT_AREA = 32;

  /** First block that a journal may use at mkfs: behind descriptors, heartbeats, fence blocks. */
  public static final long JOURNAL_AREA = 800;

  private static final long FIRST_BACKUP = (1L << 30) / BlockHeader.BLOCK_SIZE;

  /**
   * Checks the invariants of the superblock.
   *
   * @throws IllegalArgumentException naming the one that does not hold
   */
  public Geometry {
    require(
        totalBlocks > 0 && totalBlocks <= Long.MAX_VALUE / BlockHeader.BLOCK_SIZE, "totalBlocks");
    require(slotCount >= 1 && slotCount <= SlotDescriptor.CAPACITY, "slotCount");
    require(slotArea > Superblock.PRIMARY_ADDRESS, "slotArea");
    require(
        groupArea >= slotArea + 3L * SlotDescriptor.CAPACITY && groupArea < totalBlocks,
        "groupArea");
    require(
        groupBlocks > 0
            && groupBitmapBlocks == bitmapBlocksFor(groupBlocks)
            && groupBitmapBlocks <= GroupHeader.MAX_BITMAP_BLOCKS,
        "groupBitmapBlocks");
    require(
        groupCount >= 1
            && groupCount <= totalBlocks
            && groupArea + (groupCount - 1) * groupBlocks + 1 + groupBitmapBlocks < totalBlocks - 1,
        "groupCount");
  }

  private static void require(boolean condition, String field) {
    if (!condition) {
      throw new IllegalArgumentException("the superblock's " + field + " is out of range");
    }
  }

  /**
   * The geometry that a checked superblock tells.
   *
   * @throws IllegalArgumentException naming the field that is out of range
   */
  public static Geometry of(ByteBuffer superblock) {
    return new Geometry(
        Superblock.totalBlocks(superblock),
        Superblock.slotArea(superblock),
        Superblock.slotCount(superblock),
        Superblock.groupArea(superblock),
        Superblock.groupBlocks(superblock),
        Superblock.groupBitmapBlocks(superblock),
        Superblock.groupCount(superblock));
  }

  /** Bitmap blocks that a group of this many blocks needs. */
  public static int bitmapBlocksFor(int groupBlocks) {
    return (groupBlocks + BitmapBlock.BLOCKS - 1) / BitmapBlock.BLOCKS;
  }

  /** The descriptor of a slot. */
  public long slotBlock(int slot) {
    return slotArea + Objects.checkIndex(slot, SlotDescriptor.CAPACITY);
  }

  /** The heartbeat block of a slot. */
  public long heartbeatBlock(int slot) {
    return slotArea + SlotDescriptor.CAPACITY + Objects.checkIndex(slot, SlotDescriptor.CAPACITY);
  }

  /** The fence block of a slot. */
  public long fenceBlock(int slot) {
    return slotArea
        + 2L * SlotDescriptor.CAPACITY
        + Objects.checkIndex(slot, SlotDescriptor.CAPACITY);
  }

  /** The header of a group: its first block. */
  public long groupStart(long group) {
    return groupArea + Objects.checkIndex(group, groupCount) * groupBlocks;
  }

  /** Blocks of a group, header and bitmaps included. */
  public int groupLength(long group) {
    return (int) Math.min(groupBlocks, totalBlocks - 1 - groupStart(group));
  }

  /** The first block of a group behind its header and bitmaps. */
  public long firstDataBlock(long group) {
    return groupStart(group) + 1 + groupBitmapBlocks;
  }

  /** The group that a block lies in, or −1. */
  public long groupOf(long block) {
    if (block < groupArea || block >= totalBlocks - 1) {
      return -1;
    }
    long group = (block - groupArea) / groupBlocks;
    return group < groupCount ? group : -1;
  }

  /** Whether files, directories and their metadata may occupy the block. */
  public boolean isAllocatable(long block) {
    long group = groupOf(block);
    return group >= 0 && block >= firstDataBlock(group);
  }

  /** The address of bitmap block {@code bitmap} of a group. */
  public long bitmapBlock(long group, int bitmap) {
    return groupStart(group) + 1 + Objects.checkIndex(bitmap, groupBitmapBlocks);
  }

  /** Which bitmap block of its group tells of a block that lies in one. */
  public int bitmapOf(long block) {
    return (int) ((block - groupArea) % groupBlocks / BitmapBlock.BLOCKS);
  }

  /** Place of a block's state within the bitmap block {@link #bitmapOf}. */
  public int bitmapIndexOf(long block) {
    return (int) ((block - groupArea) % groupBlocks % BitmapBlock.BLOCKS);
  }

  /**
   * The superblock's backups in order of address: the backup at index i has the backupIndex i + 1.
   * The last one is the volume's last block.
   */
  public long[] backups() {
    long[] found = new long[24];
    int count = 0;
    long last = totalBlocks - 1;
    for (long wanted = FIRST_BACKUP; wanted < last; wanted *= 4) {
      long place = Math.max(wanted, groupArea);
      long group = groupOf(place);
      if (group >= 0) {
        place = Math.max(place, firstDataBlock(group));
      }
      if (place < last && (count == 0 || found[count - 1] != place)) {
        found[count++] = place;
      }
    }
    found[count++] = last;
    return Arrays.copyOf(found, count);
  }
}
