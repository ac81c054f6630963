package org.jclusterfs.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;

/**
 * Header of every block in the ring. It ties the block to its volume, slot, use of the journal and
 * transaction, so that what an earlier round of the ring left is never taken for new.
 *
 * <pre>
 *  0 magic        4 index        8 sequence
 * 16 volumeUuid                 32 previousSequence
 * 40 incarnation 48 slot        52 reserved         64 payload …
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer and the offset of the block in it.
 */
final class LogBlock {

  /** A block of a transaction's stream: ASCII "JCJD". */
  static final int MAGIC_DATA = 0x444A434A;

  /** A commit record: ASCII "JCJC". */
  static final int MAGIC_COMMIT = 0x434A434A;

  static final int MAGIC = 0;
  static final int INDEX = 4;
  static final int SEQUENCE = 8;
  static final int VOLUME_UUID = 16;
  static final int PREVIOUS_SEQUENCE = 32;
  static final int INCARNATION = 40;
  static final int SLOT = 48;
  static final int RESERVED = 52;
  static final int BYTES = 64;

  private LogBlock() {}

  static void put(
      ByteBuffer buffer,
      int offset,
      int magic,
      int index,
      LogGeometry geometry,
      TransactionId transaction) {
    buffer.putInt(offset + MAGIC, magic);
    buffer.putInt(offset + INDEX, index);
    buffer.putLong(offset + SEQUENCE, transaction.sequence());
    putUuid(buffer, offset + VOLUME_UUID, geometry.volume());
    buffer.putLong(offset + PREVIOUS_SEQUENCE, transaction.previous());
    buffer.putLong(offset + INCARNATION, transaction.incarnation());
    buffer.putInt(offset + SLOT, geometry.slot());
    for (int at = RESERVED; at < BYTES; at += 4) {
      buffer.putInt(offset + at, 0);
    }
  }

  /** Whether this is a block of that journal, written in that use of it. */
  static boolean belongs(ByteBuffer block, int offset, LogGeometry geometry, long incarnation) {
    int magic = block.getInt(offset + MAGIC);
    return (magic == MAGIC_DATA || magic == MAGIC_COMMIT)
        && block.getInt(offset + SLOT) == geometry.slot()
        && block.getLong(offset + INCARNATION) == incarnation
        && getUuid(block, offset + VOLUME_UUID).equals(geometry.volume());
  }

  static void putUuid(ByteBuffer buffer, int offset, UUID uuid) {
    buffer.putLong(offset, bigEndian(buffer, uuid.getMostSignificantBits()));
    buffer.putLong(offset + 8, bigEndian(buffer, uuid.getLeastSignificantBits()));
  }

  static UUID getUuid(ByteBuffer buffer, int offset) {
    return new UUID(
        bigEndian(buffer, buffer.getLong(offset)), bigEndian(buffer, buffer.getLong(offset + 8)));
  }

  private static long bigEndian(ByteBuffer buffer, long value) {
    return buffer.order() == ByteOrder.BIG_ENDIAN ? value : Long.reverseBytes(value);
  }
}
