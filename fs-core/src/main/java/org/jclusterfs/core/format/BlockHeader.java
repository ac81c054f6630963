package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Common header of every metadata block: tells a torn, misdirected or foreign block from a good
 * one.
 *
 * <pre>
 *        0               4               8
 *      0 | magic         | checksum      |
 *      8 | address                       |
 *     16 | version                       |
 *     24 | volumeUuid (16 bytes)         |
 *     40 | owner                         |
 *     48 | writer                        |
 *     56 | headerFlags   | reserved      |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer in which the block begins at index 0; position
 * and limit are neither used nor changed. The table with the meaning of each field stands in
 * docs/on-disk-format.md.
 */
public final class BlockHeader {

  /** Bytes of a block in format version 1. */
  public static final int BLOCK_SIZE = 4096;

  /** Bytes of the header. */
  public static final int LENGTH = 64;

  /** Offset of magic. */
  public static final int MAGIC_OFFSET = 0;

  /** Offset of checksum. */
  public static final int CHECKSUM_OFFSET = 4;

  /** Offset of address. */
  public static final int ADDRESS_OFFSET = 8;

  /** Offset of version. */
  public static final int VERSION_OFFSET = 16;

  /** Offset of volumeUuid. */
  public static final int VOLUME_UUID_OFFSET = 24;

  /** Offset of owner. */
  public static final int OWNER_OFFSET = 40;

  /** Offset of writer. */
  public static final int WRITER_OFFSET = 48;

  /** Offset of headerFlags. */
  public static final int HEADER_FLAGS_OFFSET = 56;

  private static final int SEQUENCE_BITS = 48;

  private BlockHeader() {}

  /** A new block of zeros with the right byte order, on the heap. */
  public static ByteBuffer allocate() {
    return ByteBuffer.allocate(BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Zeroes the block and writes its header with version 0; the block is not sealed yet.
   *
   * @throws IllegalArgumentException if the buffer is too small or not little-endian
   */
  public static void initialise(
      ByteBuffer block, int magic, long address, UUID volumeUuid, long owner) {
    requireLittleEndian(block);
    for (int i = 0; i < BLOCK_SIZE; i += Long.BYTES) {
      block.putLong(i, 0);
    }
    block.putInt(MAGIC_OFFSET, magic);
    address(block, address);
    volumeUuid(block, volumeUuid);
    owner(block, owner);
  }

  /** Computes the checksum and stores it: the last thing done before the block is written. */
  public static void seal(ByteBuffer block) {
    requireLittleEndian(block);
    block.putInt(CHECKSUM_OFFSET, computeChecksum(block));
  }

  /**
   * Judges a block that was read.
   *
   * @return null if the block is good, else the first thing that is wrong with it
   */
  public static BlockDamage check(ByteBuffer block, int magic, long address, UUID volumeUuid) {
    requireLittleEndian(block);
    if (magic(block) != magic) {
      return BlockDamage.MAGIC;
    }
    if (checksum(block) != computeChecksum(block)) {
      return BlockDamage.CHECKSUM;
    }
    if (address(block) != address) {
      return BlockDamage.ADDRESS;
    }
    return volumeUuid(block).equals(volumeUuid) ? null : BlockDamage.VOLUME;
  }

  /** CRC32C of the whole block with the checksum field taken as zero. */
  public static int computeChecksum(ByteBuffer block) {
    CRC32C crc = new CRC32C();
    crc.update(block.duplicate().limit(CHECKSUM_OFFSET).position(0));
    crc.update(ZEROS, 0, ZEROS.length);
    crc.update(block.duplicate().limit(BLOCK_SIZE).position(ADDRESS_OFFSET));
    return (int) crc.getValue();
  }

  private static final byte[] ZEROS = new byte[Integer.BYTES];

  /** Type of the block; see the MAGIC constant of each view. */
  public static int magic(ByteBuffer block) {
    return block.getInt(MAGIC_OFFSET);
  }

  /** The stored checksum. */
  public static int checksum(ByteBuffer block) {
    return block.getInt(CHECKSUM_OFFSET);
  }

  /** The block's own number. */
  public static long address(ByteBuffer block) {
    return block.getLong(ADDRESS_OFFSET);
  }

  /** Sets address. */
  public static void address(ByteBuffer block, long value) {
    block.putLong(ADDRESS_OFFSET, value);
  }

  /** Raised by each change under EX. */
  public static long version(ByteBuffer block) {
    return block.getLong(VERSION_OFFSET);
  }

  /** Sets version. */
  public static void version(ByteBuffer block, long value) {
    block.putLong(VERSION_OFFSET, value);
  }

  /** The volume that the block belongs to. */
  public static UUID volumeUuid(ByteBuffer block) {
    return Fields.uuid(block, VOLUME_UUID_OFFSET);
  }

  /** Sets volumeUuid. */
  public static void volumeUuid(ByteBuffer block, UUID value) {
    Fields.uuid(block, VOLUME_UUID_OFFSET, value);
  }

  /** Inode number, group index or slot that the block belongs to. */
  public static long owner(ByteBuffer block) {
    return block.getLong(OWNER_OFFSET);
  }

  /** Sets owner. */
  public static void owner(ByteBuffer block, long value) {
    block.putLong(OWNER_OFFSET, value);
  }

  /** Who wrote last: see {@link #writer(int, long)}. */
  public static long writer(ByteBuffer block) {
    return block.getLong(WRITER_OFFSET);
  }

  /** Sets writer. */
  public static void writer(ByteBuffer block, long value) {
    block.putLong(WRITER_OFFSET, value);
  }

  /** The writer field of a slot's transaction. */
  public static long writer(int slot, long sequence) {
    return (long) slot << SEQUENCE_BITS | sequence & (1L << SEQUENCE_BITS) - 1;
  }

  /** Flags: zero in version 1. */
  public static int headerFlags(ByteBuffer block) {
    return block.getInt(HEADER_FLAGS_OFFSET);
  }

  private static void requireLittleEndian(ByteBuffer block) {
    if (block.order() != ByteOrder.LITTLE_ENDIAN || block.capacity() < BLOCK_SIZE) {
      throw new IllegalArgumentException("not a little-endian block: " + block);
    }
  }
}
