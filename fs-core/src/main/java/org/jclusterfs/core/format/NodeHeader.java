package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * Header of a node of an extent or directory tree: at {@link InodeBlock#BODY_OFFSET} for the root,
 * at {@link BlockHeader#LENGTH} in a block of its own.
 *
 * <p>Invariants: {@code used} is the sum of the entries' lengths in a directory leaf, else 0.
 *
 * <pre>
 *       0               4               8
 *    0 | level | count | used          |
 *    8 | reserved                      |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are relative to {@code base}. The
 * table with the meaning of each field stands in docs/on-disk-format.md.
 */
public final class NodeHeader {

  /** Offset of level. */
  public static final int LEVEL_OFFSET = 0;

  /** Offset of count. */
  public static final int COUNT_OFFSET = 2;

  /** Offset of used. */
  public static final int USED_OFFSET = 4;

  /** Bytes of the header: entries begin here. */
  public static final int LENGTH = 16;

  /** Base of a root node. */
  public static final int ROOT_BASE = InodeBlock.BODY_OFFSET;

  /** Base of a node in a block of its own. */
  public static final int BLOCK_BASE = BlockHeader.LENGTH;

  /** Bytes for entries in a root node. */
  public static final int ROOT_CAPACITY = InodeBlock.BODY_LENGTH - LENGTH;

  /** Bytes for entries in a node that has a block of its own. */
  public static final int BLOCK_CAPACITY = BlockHeader.BLOCK_SIZE - BlockHeader.LENGTH - LENGTH;

  private NodeHeader() {}

  /** 0: leaf. */
  public static int level(ByteBuffer block, int base) {
    return Short.toUnsignedInt(block.getShort(base + LEVEL_OFFSET));
  }

  /** Sets level. */
  public static void level(ByteBuffer block, int base, int value) {
    block.putShort(base + LEVEL_OFFSET, (short) value);
  }

  /** Entries in the node. */
  public static int count(ByteBuffer block, int base) {
    return Short.toUnsignedInt(block.getShort(base + COUNT_OFFSET));
  }

  /** Sets count. */
  public static void count(ByteBuffer block, int base, int value) {
    block.putShort(base + COUNT_OFFSET, (short) value);
  }

  /** Bytes of entries in a directory leaf; else 0. */
  public static int used(ByteBuffer block, int base) {
    return block.getInt(base + USED_OFFSET);
  }

  /** Sets used. */
  public static void used(ByteBuffer block, int base, int value) {
    block.putInt(base + USED_OFFSET, value);
  }

  /** Makes an empty node at {@code base}; what stood there in entries stays. */
  public static void initialise(ByteBuffer block, int base, int level) {
    level(block, base, level);
    count(block, base, 0);
    used(block, base, 0);
    block.putLong(base + 8, 0);
  }

  /** Bytes for entries in the node at {@code base}. */
  public static int capacity(int base) {
    return BlockHeader.BLOCK_SIZE - base - LENGTH;
  }
}
