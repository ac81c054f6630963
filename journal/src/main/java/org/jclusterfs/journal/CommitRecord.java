package org.jclusterfs.journal;

import java.nio.ByteBuffer;

/**
 * Last block of a transaction. The transaction is committed exactly if this block and all blocks
 * before it are there and the checksum over them is right.
 *
 * <pre>
 *  0 LogBlock header            64 checksum       68 entryCount
 * 72 streamBytes                80 blockCount     84 dependencyCount
 * 88 reserved                  128 dependencies: slot (4), reserved (4), sequence (8) each
 * </pre>
 */
record CommitRecord(
    int checksum, int entryCount, long streamBytes, int blockCount, int dependencyCount) {

  static final int CHECKSUM = 64;
  static final int ENTRY_COUNT = 68;
  static final int STREAM_BYTES = 72;
  static final int BLOCK_COUNT = 80;
  static final int DEPENDENCY_COUNT = 84;
  static final int RESERVED = 88;
  static final int DEPENDENCIES = 128;
  static final int DEPENDENCY_BYTES = 16;
  static final int DEPENDENCY_SLOT = 0;
  static final int DEPENDENCY_RESERVED = 4;
  static final int DEPENDENCY_SEQUENCE = 8;

  /** Writes the fields behind the block's header; the checksum is put last, by itself. */
  void put(ByteBuffer buffer, int offset) {
    buffer.putInt(offset + CHECKSUM, checksum);
    buffer.putInt(offset + ENTRY_COUNT, entryCount);
    buffer.putLong(offset + STREAM_BYTES, streamBytes);
    buffer.putInt(offset + BLOCK_COUNT, blockCount);
    buffer.putInt(offset + DEPENDENCY_COUNT, dependencyCount);
  }

  static CommitRecord get(ByteBuffer block, int offset) {
    return new CommitRecord(
        block.getInt(offset + CHECKSUM),
        block.getInt(offset + ENTRY_COUNT),
        block.getLong(offset + STREAM_BYTES),
        block.getInt(offset + BLOCK_COUNT),
        block.getInt(offset + DEPENDENCY_COUNT));
  }
}
