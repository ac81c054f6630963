package org.jclusterfs.core.inode;

import java.nio.ByteBuffer;

/**
 * 64 KiB of one file in memory, with a bit per block for what is valid and what is dirty. Guarded
 * by the {@link FileCache} that it belongs to.
 */
final class Chunk {
  /** Blocks of a chunk. */
  static final int BLOCKS = 16;

  /** Bytes of a block. */
  static final int BLOCK_SIZE = 4096;

  /** Bytes of a chunk. */
  static final int SIZE = BLOCKS * BLOCK_SIZE;

  final long index;
  final ByteBuffer data;
  final long[] physical = new long[BLOCKS];
  int valid;
  int dirty;
  int pins;

  Chunk(long index, ByteBuffer data) {
    this.index = index;
    this.data = data;
  }

  static long indexOf(long block) {
    return block / BLOCKS;
  }

  static int slotOf(long block) {
    return (int) (block % BLOCKS);
  }

  boolean isValid(int slot) {
    return (valid & 1 << slot) != 0;
  }

  boolean isDirty(int slot) {
    return (dirty & 1 << slot) != 0;
  }

  void zero(int from, int to) {
    for (int i = from; i < to; i++) {
      data.put(i, (byte) 0);
    }
  }
}
