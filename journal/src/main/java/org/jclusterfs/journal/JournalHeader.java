package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * State of a journal. Log blocks 0 and 1 hold copies that are written in turns, so that a torn
 * write leaves the older one.
 *
 * <pre>
 *  0 magic        4 checksum     8 generation
 * 16 volumeUuid                 32 slot        36 formatVersion
 * 40 state       44 blockSize   48 logBlocks
 * 56 tailBlock                  64 tailSequence
 * 72 nextSequence               80 incarnation  88 reserved …
 * </pre>
 *
 * <p>Invariants: the copy lies in block {@code generation mod 2}; tailBlock is in the ring; a clean
 * journal has an empty log, so that tailBlock is where the next transaction goes; nextSequence is
 * above tailSequence.
 */
record JournalHeader(
    long generation,
    boolean inUse,
    long tailBlock,
    long tailSequence,
    long nextSequence,
    long incarnation) {

  /** ASCII "JCJH". */
  static final int MAGIC_VALUE = 0x484A434A;

  static final int FORMAT_VERSION_VALUE = 1;
  static final int STATE_CLEAN = 0;
  static final int STATE_IN_USE = 1;

  static final int MAGIC = 0;
  static final int CHECKSUM = 4;
  static final int GENERATION = 8;
  static final int VOLUME_UUID = 16;
  static final int SLOT = 32;
  static final int FORMAT_VERSION = 36;
  static final int STATE = 40;
  static final int BLOCK_SIZE = 44;
  static final int LOG_BLOCKS = 48;
  static final int TAIL_BLOCK = 56;
  static final int TAIL_SEQUENCE = 64;
  static final int NEXT_SEQUENCE = 72;
  static final int INCARNATION = 80;
  static final int RESERVED = 88;

  /** Writes this header to the block whose turn it is; not flushed. */
  void write(LogDevice log, LogGeometry geometry) throws IOException {
    Futures.await(Futures.start(() -> log.writeLog(generation & 1, encode(geometry))));
  }

  /** Writes this header to the block whose turn it is; durable when this returns. */
  void writeDurably(LogDevice log, LogGeometry geometry) throws IOException {
    Futures.await(Futures.start(() -> log.writeLogDurably(generation & 1, encode(geometry))));
  }

  /** The next header: everything may change but the generation, which is one more. */
  JournalHeader next(boolean used, long tail, long tailSeq, long nextSeq, long incarnationNow) {
    return new JournalHeader(generation + 1, used, tail, tailSeq, nextSeq, incarnationNow);
  }

  private ByteBuffer encode(LogGeometry geometry) {
    ByteBuffer block =
        ByteBuffer.allocateDirect(geometry.blockSize()).order(ByteOrder.LITTLE_ENDIAN);
    block.putInt(MAGIC, MAGIC_VALUE);
    block.putLong(GENERATION, generation);
    LogBlock.putUuid(block, VOLUME_UUID, geometry.volume());
    block.putInt(SLOT, geometry.slot());
    block.putInt(FORMAT_VERSION, FORMAT_VERSION_VALUE);
    block.putInt(STATE, inUse ? STATE_IN_USE : STATE_CLEAN);
    block.putInt(BLOCK_SIZE, geometry.blockSize());
    block.putLong(LOG_BLOCKS, geometry.ringBlocks() + LogGeometry.HEADER_BLOCKS);
    block.putLong(TAIL_BLOCK, tailBlock);
    block.putLong(TAIL_SEQUENCE, tailSequence);
    block.putLong(NEXT_SEQUENCE, nextSequence);
    block.putLong(INCARNATION, incarnation);
    block.putInt(CHECKSUM, checksum(block));
    return block;
  }

  /**
   * Reads the newest valid header.
   *
   * @throws JournalFormatException if there is none, or it is not of this volume, slot and size
   */
  static JournalHeader read(LogDevice log, LogGeometry geometry) throws IOException {
    ByteBuffer both = readBoth(log, geometry);
    ByteBuffer newest = null;
    for (int copy = 0; copy < LogGeometry.HEADER_BLOCKS; copy++) {
      ByteBuffer block = copy(both, copy, geometry);
      if (block != null
          && (newest == null || block.getLong(GENERATION) > newest.getLong(GENERATION))) {
        newest = block;
      }
    }
    if (newest == null) {
      throw new JournalFormatException(
          "slot " + geometry.slot() + " has no valid journal header: run fsck on the volume");
    }
    return decode(newest, geometry);
  }

  private static ByteBuffer readBoth(LogDevice log, LogGeometry geometry) throws IOException {
    ByteBuffer both = ByteBuffer.allocateDirect(LogGeometry.HEADER_BLOCKS * geometry.blockSize());
    Futures.await(Futures.start(() -> log.readLog(0, both.duplicate())));
    return both;
  }

  /** One of the copies, or null where it is damaged. */
  private static ByteBuffer copy(ByteBuffer both, int copy, LogGeometry geometry) {
    ByteBuffer block =
        both.slice(copy * geometry.blockSize(), geometry.blockSize())
            .order(ByteOrder.LITTLE_ENDIAN);
    boolean valid =
        block.getInt(MAGIC) == MAGIC_VALUE
            && block.getInt(CHECKSUM) == checksum(block)
            && (block.getLong(GENERATION) & 1) == copy;
    return valid ? block : null;
  }

  /** Whether the copy that this header was written after is whole. */
  boolean hasPredecessor(LogDevice log, LogGeometry geometry) throws IOException {
    ByteBuffer other = copy(readBoth(log, geometry), (int) (generation + 1 & 1), geometry);
    if (other == null || other.getLong(GENERATION) != generation - 1) {
      return false;
    }
    try {
      decode(other, geometry);
      return true;
    } catch (JournalFormatException e) {
      return false;
    }
  }

  private static JournalHeader decode(ByteBuffer block, LogGeometry geometry)
      throws JournalFormatException {
    String who = "the journal of slot " + geometry.slot();
    UUID volume = LogBlock.getUuid(block, VOLUME_UUID);
    if (block.getInt(FORMAT_VERSION) != FORMAT_VERSION_VALUE) {
      throw JournalFormatException.unsupported(
          who + " has format version " + block.getInt(FORMAT_VERSION) + ", this program knows 1");
    }
    require(volume.equals(geometry.volume()), who + " belongs to volume " + volume);
    require(block.getInt(SLOT) == geometry.slot(), who + " says slot " + block.getInt(SLOT));
    long logBlocks = geometry.ringBlocks() + LogGeometry.HEADER_BLOCKS;
    long tail = block.getLong(TAIL_BLOCK);
    int state = block.getInt(STATE);
    require(
        block.getInt(BLOCK_SIZE) == geometry.blockSize() && block.getLong(LOG_BLOCKS) == logBlocks,
        who
            + " says "
            + block.getLong(LOG_BLOCKS)
            + " blocks of "
            + block.getInt(BLOCK_SIZE)
            + " bytes, the volume gives it "
            + logBlocks
            + " of "
            + geometry.blockSize());
    require(
        tail >= LogGeometry.HEADER_BLOCKS
            && tail < logBlocks
            && (state == STATE_CLEAN || state == STATE_IN_USE)
            && block.getLong(NEXT_SEQUENCE) > block.getLong(TAIL_SEQUENCE),
        who + " has an impossible header: run fsck on the volume");
    return new JournalHeader(
        block.getLong(GENERATION),
        state == STATE_IN_USE,
        tail,
        block.getLong(TAIL_SEQUENCE),
        block.getLong(NEXT_SEQUENCE),
        block.getLong(INCARNATION));
  }

  private static void require(boolean condition, String message) throws JournalFormatException {
    if (!condition) {
      throw new JournalFormatException(message);
    }
  }

  private static int checksum(ByteBuffer block) {
    CRC32C crc = new CRC32C();
    crc.update(block.slice(0, CHECKSUM));
    crc.update(new byte[Integer.BYTES]);
    int rest = CHECKSUM + Integer.BYTES;
    crc.update(block.slice(rest, block.capacity() - rest));
    return (int) crc.getValue();
  }
}
