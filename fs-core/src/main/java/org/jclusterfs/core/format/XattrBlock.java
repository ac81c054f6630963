package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * A piece of an inode's stream of extended attributes. The header's owner is the inode.
 *
 * <p>Invariants: {@code length <= STREAM_LENGTH}; the lengths along the chain add up to the inode's
 * {@code xattrBytes}.
 *
 * <pre>
 *       0               4               8
 *   64 | next                          |
 *   72 | length        | reserved      |
 *   80 | stream (4016 bytes)           |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class XattrBlock {

  /** JCXA, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'X' << 16 | 'A' << 24;

  /** Offset of next. */
  public static final int NEXT_OFFSET = 64;

  /** Offset of length. */
  public static final int LENGTH_OFFSET = 72;

  /** Offset of stream. */
  public static final int STREAM_OFFSET = 80;

  /** Bytes of the stream that a block has room for. */
  public static final int STREAM_LENGTH = 4016;

  private XattrBlock() {}

  /** Next block of the chain, 0: last. */
  public static long next(ByteBuffer block) {
    return block.getLong(NEXT_OFFSET);
  }

  /** Sets next. */
  public static void next(ByteBuffer block, long value) {
    block.putLong(NEXT_OFFSET, value);
  }

  /** Bytes of the stream in this block. */
  public static int length(ByteBuffer block) {
    return block.getInt(LENGTH_OFFSET);
  }

  /** Sets length. */
  public static void length(ByteBuffer block, int value) {
    block.putInt(LENGTH_OFFSET, value);
  }
}
