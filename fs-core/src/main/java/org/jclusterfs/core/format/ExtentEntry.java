package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * Entry of an extent leaf: maps a run of file blocks. {@link #MAGIC} is that of a leaf with a block
 * of its own.
 *
 * <p>Invariants: entries are sorted by logical block and do not overlap; {@code length > 0}.
 *
 * <pre>
 *       0               4               8
 *    0 | logical                       |
 *    8 | physical                      |
 *   16 | length        | flags         |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are relative to {@code base}. The
 * table with the meaning of each field stands in docs/on-disk-format.md.
 */
public final class ExtentEntry {

  /** JCEX, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'E' << 16 | 'X' << 24;

  /** Offset of logical. */
  public static final int LOGICAL_OFFSET = 0;

  /** Offset of physical. */
  public static final int PHYSICAL_OFFSET = 8;

  /** Offset of length. */
  public static final int LENGTH_OFFSET = 16;

  /** Offset of flags. */
  public static final int FLAGS_OFFSET = 20;

  /** Bytes of one entry. */
  public static final int LENGTH = 24;

  /** Entries that a root node has room for. */
  public static final int ROOT_CAPACITY = NodeHeader.ROOT_CAPACITY / LENGTH;

  /** Entries that a node with a block of its own has room for. */
  public static final int BLOCK_CAPACITY = NodeHeader.BLOCK_CAPACITY / LENGTH;

  /** Flag: the blocks are allocated and read as zeros. */
  public static final int UNWRITTEN = 1;

  private ExtentEntry() {}

  /** First block in the file. */
  public static long logical(ByteBuffer block, int base) {
    return block.getLong(base + LOGICAL_OFFSET);
  }

  /** Sets logical. */
  public static void logical(ByteBuffer block, int base, long value) {
    block.putLong(base + LOGICAL_OFFSET, value);
  }

  /** First block on the volume. */
  public static long physical(ByteBuffer block, int base) {
    return block.getLong(base + PHYSICAL_OFFSET);
  }

  /** Sets physical. */
  public static void physical(ByteBuffer block, int base, long value) {
    block.putLong(base + PHYSICAL_OFFSET, value);
  }

  /** Blocks. */
  public static int length(ByteBuffer block, int base) {
    return block.getInt(base + LENGTH_OFFSET);
  }

  /** Sets length. */
  public static void length(ByteBuffer block, int base, int value) {
    block.putInt(base + LENGTH_OFFSET, value);
  }

  /** {@link #UNWRITTEN} or 0. */
  public static int flags(ByteBuffer block, int base) {
    return block.getInt(base + FLAGS_OFFSET);
  }

  /** Sets flags. */
  public static void flags(ByteBuffer block, int base, int value) {
    block.putInt(base + FLAGS_OFFSET, value);
  }

  /** Base of entry {@code index} of the node whose header is at {@code nodeBase}. */
  public static int at(int nodeBase, int index) {
    return nodeBase + NodeHeader.LENGTH + index * LENGTH;
  }
}
