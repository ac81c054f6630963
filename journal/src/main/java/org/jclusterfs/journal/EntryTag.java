package org.jclusterfs.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Head of one entry in a transaction's stream: a block image, whose stored bytes follow it (padded
 * to 8 bytes), or a revoke.
 *
 * <pre>
 *  0 kind  1 encoding  2 lockType  3 reserved  4 storedLength   8 address
 * 16 version          24 lockId   32 lockRegion 36 reserved    48 stored bytes …
 * </pre>
 */
record EntryTag(
    int kind, int encoding, int storedLength, long address, LockTag lock, long version) {

  static final int KIND_IMAGE = 1;
  static final int KIND_REVOKE = 2;
  static final int ENCODING_RAW = 0;
  static final int ENCODING_LZ4 = 1;

  static final int KIND = 0;
  static final int ENCODING = 1;
  static final int LOCK_TYPE = 2;
  static final int RESERVED_3 = 3;
  static final int STORED_LENGTH = 4;
  static final int ADDRESS = 8;
  static final int VERSION = 16;
  static final int LOCK_ID = 24;
  static final int LOCK_REGION = 32;
  static final int RESERVED_36 = 36;
  static final int BYTES = 48;

  /** Stored version where the writer was not told it. */
  static final long VERSION_UNKNOWN = -1;

  private static final LockTag NO_LOCK = new LockTag(0, 0, 0);

  static EntryTag revoke(long address) {
    return new EntryTag(KIND_REVOKE, ENCODING_RAW, 0, address, NO_LOCK, VERSION_UNKNOWN);
  }

  /** Bytes of padding after {@code length} stored bytes. */
  static int padding(int length) {
    return -length & 7;
  }

  void put(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.put(KIND, (byte) kind);
    buffer.put(ENCODING, (byte) encoding);
    buffer.put(LOCK_TYPE, (byte) lock.type());
    buffer.put(RESERVED_3, (byte) 0);
    buffer.putInt(STORED_LENGTH, storedLength);
    buffer.putLong(ADDRESS, address);
    buffer.putLong(VERSION, version);
    buffer.putLong(LOCK_ID, lock.id());
    buffer.putInt(LOCK_REGION, lock.region());
    buffer.putInt(RESERVED_36, 0);
    buffer.putLong(RESERVED_36 + 4, 0);
  }

  static EntryTag get(byte[] bytes, int offset) {
    ByteBuffer buffer =
        ByteBuffer.wrap(bytes, offset, BYTES).slice().order(ByteOrder.LITTLE_ENDIAN);
    LockTag lock =
        new LockTag(
            buffer.get(LOCK_TYPE) & 0xFF, buffer.getInt(LOCK_REGION), buffer.getLong(LOCK_ID));
    return new EntryTag(
        buffer.get(KIND),
        buffer.get(ENCODING),
        buffer.getInt(STORED_LENGTH),
        buffer.getLong(ADDRESS),
        lock,
        buffer.getLong(VERSION));
  }
}
