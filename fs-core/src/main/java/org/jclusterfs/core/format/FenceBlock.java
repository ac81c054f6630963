package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * Tells a slot's victim that it must not write any more. The header's owner is the slot; the victim
 * never writes this block.
 *
 * <pre>
 *       0               4               8
 *   64 | slot          | fencer        |
 *   72 | incarnation                   |
 *   80 | fencedAt                      |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class FenceBlock {

  /** JCFN, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'F' << 16 | 'N' << 24;

  /** Offset of slot. */
  public static final int SLOT_OFFSET = 64;

  /** Offset of fencer. */
  public static final int FENCER_OFFSET = 68;

  /** Offset of incarnation. */
  public static final int INCARNATION_OFFSET = 72;

  /** Offset of fencedAt. */
  public static final int FENCED_AT_OFFSET = 80;

  private FenceBlock() {}

  /** The victim. */
  public static int slot(ByteBuffer block) {
    return block.getInt(SLOT_OFFSET);
  }

  /** Sets slot. */
  public static void slot(ByteBuffer block, int value) {
    block.putInt(SLOT_OFFSET, value);
  }

  /** Slot that fenced last. */
  public static int fencer(ByteBuffer block) {
    return block.getInt(FENCER_OFFSET);
  }

  /** Sets fencer. */
  public static void fencer(ByteBuffer block, int value) {
    block.putInt(FENCER_OFFSET, value);
  }

  /** The victim's incarnation that must not write any more; 0: none. */
  public static long incarnation(ByteBuffer block) {
    return block.getLong(INCARNATION_OFFSET);
  }

  /** Sets incarnation. */
  public static void incarnation(ByteBuffer block, long value) {
    block.putLong(INCARNATION_OFFSET, value);
  }

  /** When, by the wall clock of the fencer, in milliseconds. */
  public static long fencedAt(ByteBuffer block) {
    return block.getLong(FENCED_AT_OFFSET);
  }

  /** Sets fencedAt. */
  public static void fencedAt(ByteBuffer block, long value) {
    block.putLong(FENCED_AT_OFFSET, value);
  }
}
