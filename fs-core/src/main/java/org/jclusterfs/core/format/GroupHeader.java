package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Header of a resource group: how much is free in it. The header's owner is the group's index.
 *
 * <p>Invariants: {@code freeBlocks} is the sum of {@code freePerBitmap}; {@code versionFloor} is at
 * least the version of any metadata block of the group that was freed.
 *
 * <pre>
 *       0               4               8
 *   64 | index                         |
 *   72 | blockCount    | bitmapBlocks  |
 *   80 | freeBlocks    | inodeCount    |
 *   88 | versionFloor                  |
 *   96 | longestFree   |               |
 *  100 | reserved (156 bytes)          |
 *  256 | freePerBitmap (252 bytes)     |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class GroupHeader {

  /** JCRG, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'R' << 16 | 'G' << 24;

  /** Offset of index. */
  public static final int INDEX_OFFSET = 64;

  /** Offset of blockCount. */
  public static final int BLOCK_COUNT_OFFSET = 72;

  /** Offset of bitmapBlocks. */
  public static final int BITMAP_BLOCKS_OFFSET = 76;

  /** Offset of freeBlocks. */
  public static final int FREE_BLOCKS_OFFSET = 80;

  /** Offset of inodeCount. */
  public static final int INODE_COUNT_OFFSET = 84;

  /** Offset of versionFloor. */
  public static final int VERSION_FLOOR_OFFSET = 88;

  /** Offset of longestFree. */
  public static final int LONGEST_FREE_OFFSET = 96;

  /** Offset of freePerBitmap. */
  public static final int FREE_PER_BITMAP_OFFSET = 256;

  /** {@link #longestFree}: not known. */
  public static final int LONGEST_FREE_UNKNOWN = -1;

  /** Bitmap blocks that a group may have. */
  public static final int MAX_BITMAP_BLOCKS = 63;

  private GroupHeader() {}

  /** Index of the group. */
  public static long index(ByteBuffer block) {
    return block.getLong(INDEX_OFFSET);
  }

  /** Sets index. */
  public static void index(ByteBuffer block, long value) {
    block.putLong(INDEX_OFFSET, value);
  }

  /** Blocks of the group, this one included. */
  public static int blockCount(ByteBuffer block) {
    return block.getInt(BLOCK_COUNT_OFFSET);
  }

  /** Sets blockCount. */
  public static void blockCount(ByteBuffer block, int value) {
    block.putInt(BLOCK_COUNT_OFFSET, value);
  }

  /** Bitmap blocks that follow this block. */
  public static int bitmapBlocks(ByteBuffer block) {
    return block.getInt(BITMAP_BLOCKS_OFFSET);
  }

  /** Sets bitmapBlocks. */
  public static void bitmapBlocks(ByteBuffer block, int value) {
    block.putInt(BITMAP_BLOCKS_OFFSET, value);
  }

  /** Free blocks. */
  public static int freeBlocks(ByteBuffer block) {
    return block.getInt(FREE_BLOCKS_OFFSET);
  }

  /** Sets freeBlocks. */
  public static void freeBlocks(ByteBuffer block, int value) {
    block.putInt(FREE_BLOCKS_OFFSET, value);
  }

  /** Inodes. */
  public static int inodeCount(ByteBuffer block) {
    return block.getInt(INODE_COUNT_OFFSET);
  }

  /** Sets inodeCount. */
  public static void inodeCount(ByteBuffer block, int value) {
    block.putInt(INODE_COUNT_OFFSET, value);
  }

  /** A block newly put to metadata use gets this plus 1 as its version. */
  public static long versionFloor(ByteBuffer block) {
    return block.getLong(VERSION_FLOOR_OFFSET);
  }

  /** Sets versionFloor. */
  public static void versionFloor(ByteBuffer block, long value) {
    block.putLong(VERSION_FLOOR_OFFSET, value);
  }

  /** No free run is longer; {@link #LONGEST_FREE_UNKNOWN} where not known. */
  public static int longestFree(ByteBuffer block) {
    return block.getInt(LONGEST_FREE_OFFSET);
  }

  /** Sets longestFree. */
  public static void longestFree(ByteBuffer block, int value) {
    block.putInt(LONGEST_FREE_OFFSET, value);
  }

  /** Free blocks that bitmap block {@code bitmap} tells of. */
  public static int freePerBitmap(ByteBuffer block, int bitmap) {
    return block.getInt(freePerBitmapOffset(bitmap));
  }

  /** Sets freePerBitmap of bitmap block {@code bitmap}. */
  public static void freePerBitmap(ByteBuffer block, int bitmap, int value) {
    block.putInt(freePerBitmapOffset(bitmap), value);
  }

  private static int freePerBitmapOffset(int bitmap) {
    return FREE_PER_BITMAP_OFFSET + 4 * Objects.checkIndex(bitmap, MAX_BITMAP_BLOCKS);
  }
}
