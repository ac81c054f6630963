package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * States of the blocks of a resource group, two bits each, lowest bits first. The header's owner is
 * the group's index.
 *
 * <pre>
 *       0               4               8
 *   64 | states (4032 bytes)           |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class BitmapBlock {

  /** JCBM, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'B' << 16 | 'M' << 24;

  /** Offset of states. */
  public static final int STATES_OFFSET = 64;

  /** Bytes of states. */
  public static final int STATES_LENGTH = 4032;

  /** Blocks that one bitmap block tells of. */
  public static final int BLOCKS = STATES_LENGTH * 4;

  /** State: free. */
  public static final int FREE = 0;

  /** State: file data. */
  public static final int DATA = 1;

  /** State: metadata other than an inode. */
  public static final int METADATA = 2;

  /** State: inode. */
  public static final int INODE = 3;

  private BitmapBlock() {}

  /** The state of block {@code index} (0–{@link #BLOCKS} − 1) of those this bitmap tells of. */
  public static int state(ByteBuffer block, int index) {
    return block.get(STATES_OFFSET + (index >>> 2)) >>> 2 * (index & 3) & 3;
  }

  /** Sets the state of one block. */
  public static void state(ByteBuffer block, int index, int state) {
    int at = STATES_OFFSET + (index >>> 2);
    int shift = 2 * (index & 3);
    block.put(at, (byte) (block.get(at) & ~(3 << shift) | state << shift));
  }

  /** Sets the state of the blocks {@code from} (inclusive) to {@code to} (exclusive). */
  public static void fill(ByteBuffer block, int from, int to, int state) {
    int i = from;
    for (; i < to && (i & 3) != 0; i++) {
      state(block, i, state);
    }
    for (; i + 4 <= to; i += 4) {
      block.put(STATES_OFFSET + (i >>> 2), (byte) (state * 0b01010101));
    }
    for (; i < to; i++) {
      state(block, i, state);
    }
  }

  /** Blocks in a state. */
  public static int count(ByteBuffer block, int state) {
    long pattern = state * 0x5555555555555555L;
    int count = 0;
    for (int i = 0; i < STATES_LENGTH; i += 8) {
      long differs = block.getLong(STATES_OFFSET + i) ^ pattern;
      count += 32 - Long.bitCount((differs | differs >>> 1) & 0x5555555555555555L);
    }
    return count;
  }
}
