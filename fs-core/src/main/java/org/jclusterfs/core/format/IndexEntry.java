package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * Entry of an index node: leads to a child node. {@link #MAGIC} is that of an index node with a
 * block of its own.
 *
 * <p>Invariants: entries are sorted by key; the first one's key stands for anything lower too.
 *
 * <pre>
 *       0               4               8
 *    0 | key                           |
 *    8 | child                         |
 *   16 | reserved                      |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are relative to {@code base}. The
 * table with the meaning of each field stands in docs/on-disk-format.md.
 */
public final class IndexEntry {

  /** JCIX, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'I' << 16 | 'X' << 24;

  /** Offset of key. */
  public static final int KEY_OFFSET = 0;

  /** Offset of child. */
  public static final int CHILD_OFFSET = 8;

  /** Bytes of one entry. */
  public static final int LENGTH = 24;

  /** Entries that a root node has room for. */
  public static final int ROOT_CAPACITY = NodeHeader.ROOT_CAPACITY / LENGTH;

  /** Entries that a node with a block of its own has room for. */
  public static final int BLOCK_CAPACITY = NodeHeader.BLOCK_CAPACITY / LENGTH;

  private IndexEntry() {}

  /** Lowest key in the child. */
  public static long key(ByteBuffer block, int base) {
    return block.getLong(base + KEY_OFFSET);
  }

  /** Sets key. */
  public static void key(ByteBuffer block, int base, long value) {
    block.putLong(base + KEY_OFFSET, value);
  }

  /** Block of the child node. */
  public static long child(ByteBuffer block, int base) {
    return block.getLong(base + CHILD_OFFSET);
  }

  /** Sets child. */
  public static void child(ByteBuffer block, int base, long value) {
    block.putLong(base + CHILD_OFFSET, value);
  }

  /** Base of entry {@code index} of the node whose header is at {@code nodeBase}. */
  public static int at(int nodeBase, int index) {
    return nodeBase + NodeHeader.LENGTH + index * LENGTH;
  }
}
