package org.jclusterfs.journal;

import java.util.UUID;

/**
 * Where things lie in one log: two header blocks, then a ring of blocks for transactions. Positions
 * in the ring count on for ever; {@link #logBlock} maps them to log blocks.
 */
record LogGeometry(UUID volume, int slot, int blockSize, long ringBlocks) {

  /** Shortest log, in blocks. */
  static final int MIN_LOG_BLOCKS = 256;

  /** Header copies at the start of the log, in blocks. */
  static final int HEADER_BLOCKS = 2;

  static LogGeometry of(LogDevice log, UUID volume, int slot) throws JournalFormatException {
    int blockSize = log.blockSize();
    if (blockSize < 512 || Integer.bitCount(blockSize) != 1) {
      throw new JournalFormatException("a journal cannot have blocks of " + blockSize + " bytes");
    }
    if (log.logBlocks() < MIN_LOG_BLOCKS) {
      throw new JournalFormatException(
          "a journal of "
              + log.logBlocks()
              + " blocks is too small: it needs at least "
              + MIN_LOG_BLOCKS
              + " blocks ("
              + (long) MIN_LOG_BLOCKS * blockSize / 1024
              + " KiB)");
    }
    return new LogGeometry(volume, slot, blockSize, log.logBlocks() - HEADER_BLOCKS);
  }

  /** The log block of a ring position. */
  long logBlock(long position) {
    return HEADER_BLOCKS + position % ringBlocks;
  }

  /** Blocks from {@code position} to the physical end of the ring. */
  long blocksToEnd(long position) {
    return ringBlocks - position % ringBlocks;
  }

  /** Bytes of a transaction's stream in one log block. */
  int payloadBytes() {
    return blockSize - LogBlock.BYTES;
  }

  /** Most log blocks that a transaction of so many images and revokes can need. */
  long worstBlocks(long entries) {
    if (entries == 0) {
      return 0;
    }
    long bytes = entries * (EntryTag.BYTES + blockSize);
    return (bytes + payloadBytes() - 1) / payloadBytes() + 1;
  }

  /** Most entries whose transaction always fits into {@code blocks} log blocks. */
  int entriesThatFit(long blocks) {
    return (int)
        Math.min(Integer.MAX_VALUE, (blocks - 1) * payloadBytes() / (EntryTag.BYTES + blockSize));
  }
}
