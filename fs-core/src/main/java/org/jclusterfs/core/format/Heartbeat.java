package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Sign of life that a member writes into its own block at each beat. The header's owner is the
 * slot.
 *
 * <pre>
 *       0               4               8
 *   64 | slot          | state         |
 *   72 | incarnation                   |
 *   80 | sequence                      |
 *   88 | wallClock                     |
 *   96 | view                          |
 *  104 | threshold     | reserved      |
 *  112 | connected (32 bytes)          |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class Heartbeat {

  /** JCHB, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'H' << 16 | 'B' << 24;

  /** Offset of slot. */
  public static final int SLOT_OFFSET = 64;

  /** Offset of state. */
  public static final int STATE_OFFSET = 68;

  /** Offset of incarnation. */
  public static final int INCARNATION_OFFSET = 72;

  /** Offset of sequence. */
  public static final int SEQUENCE_OFFSET = 80;

  /** Offset of wallClock. */
  public static final int WALL_CLOCK_OFFSET = 88;

  /** Offset of view. */
  public static final int VIEW_OFFSET = 96;

  /** Offset of threshold. */
  public static final int THRESHOLD_OFFSET = 104;

  /** Offset of connected. */
  public static final int CONNECTED_OFFSET = 112;

  /** {@link #state}: not running. */
  public static final int DOWN = 0;

  /** {@link #state}: has a slot and is not yet in a view. */
  public static final int JOINING = 1;

  /** {@link #state}: in a view. */
  public static final int MEMBER = 2;

  /** {@link #state}: on its way out. */
  public static final int LEAVING = 3;

  /** {@link #state}: about to form a cluster. */
  public static final int FORMING = 4;

  /** Bytes of the set of connected slots. */
  public static final int CONNECTED_LENGTH = 32;

  private Heartbeat() {}

  /** Number of the slot. */
  public static int slot(ByteBuffer block) {
    return block.getInt(SLOT_OFFSET);
  }

  /** Sets slot. */
  public static void slot(ByteBuffer block, int value) {
    block.putInt(SLOT_OFFSET, value);
  }

  /** One of {@link #DOWN}, {@link #JOINING}, {@link #MEMBER}, {@link #LEAVING}. */
  public static int state(ByteBuffer block) {
    return block.getInt(STATE_OFFSET);
  }

  /** Sets state. */
  public static void state(ByteBuffer block, int value) {
    block.putInt(STATE_OFFSET, value);
  }

  /** Incarnation of the writer. */
  public static long incarnation(ByteBuffer block) {
    return block.getLong(INCARNATION_OFFSET);
  }

  /** Sets incarnation. */
  public static void incarnation(ByteBuffer block, long value) {
    block.putLong(INCARNATION_OFFSET, value);
  }

  /** Raised by each beat. */
  public static long sequence(ByteBuffer block) {
    return block.getLong(SEQUENCE_OFFSET);
  }

  /** Sets sequence. */
  public static void sequence(ByteBuffer block, long value) {
    block.putLong(SEQUENCE_OFFSET, value);
  }

  /** Wall clock of the writer in milliseconds, for people. */
  public static long wallClock(ByteBuffer block) {
    return block.getLong(WALL_CLOCK_OFFSET);
  }

  /** Sets wallClock. */
  public static void wallClock(ByteBuffer block, long value) {
    block.putLong(WALL_CLOCK_OFFSET, value);
  }

  /** Number of the view that the writer lives in. */
  public static long view(ByteBuffer block) {
    return block.getLong(VIEW_OFFSET);
  }

  /** Sets view. */
  public static void view(ByteBuffer block, long value) {
    block.putLong(VIEW_OFFSET, value);
  }

  /** Milliseconds of silence after which the writer counts a node as dead. */
  public static int threshold(ByteBuffer block) {
    return block.getInt(THRESHOLD_OFFSET);
  }

  /** Sets threshold. */
  public static void threshold(ByteBuffer block, int value) {
    block.putInt(THRESHOLD_OFFSET, value);
  }

  /** Whether the writer has a live connection to a slot. */
  public static boolean connected(ByteBuffer block, int slot) {
    return (block.get(connectedOffset(slot)) & 1 << (slot & 7)) != 0;
  }

  /** Sets whether the writer has a live connection to a slot. */
  public static void connected(ByteBuffer block, int slot, boolean value) {
    int at = connectedOffset(slot);
    int bit = 1 << (slot & 7);
    block.put(at, (byte) (value ? block.get(at) | bit : block.get(at) & ~bit));
  }

  private static int connectedOffset(int slot) {
    return CONNECTED_OFFSET + Objects.checkIndex(slot, CONNECTED_LENGTH * 8) / 8;
  }
}
