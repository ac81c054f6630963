package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.ProtocolException;

/**
 * Capacity and limits of a logical unit (READ CAPACITY, VPD B0 and B2, caching mode page).
 *
 * @param blocks number of logical blocks
 * @param blockSize bytes per logical block
 * @param thin logical block provisioning is managed (LBPME)
 * @param maxTransferBlocks MAXIMUM TRANSFER LENGTH, 0 where the target names none
 * @param maxUnmapBlocks MAXIMUM UNMAP LBA COUNT as unsigned, 0: no UNMAP
 * @param maxUnmapDescriptors MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT as unsigned, 0: no UNMAP
 * @param maxWriteSameBlocks MAXIMUM WRITE SAME LENGTH, 0 where the target names none
 * @param maxCompareAndWriteBlocks MAXIMUM COMPARE AND WRITE LENGTH, 0: no COMPARE AND WRITE
 * @param writeCache the unit may lose acknowledged writes that were not flushed (WCE)
 * @param forcedUnitAccess a write can be durable by itself (DPOFUA)
 * @param cachingKnown writeCache and forcedUnitAccess are the unit's word and no careful guess
 * @param writeProtected the unit takes no writes
 */
public record Capacity(
    long blocks,
    int blockSize,
    boolean thin,
    long maxTransferBlocks,
    long maxUnmapBlocks,
    long maxUnmapDescriptors,
    long maxWriteSameBlocks,
    int maxCompareAndWriteBlocks,
    boolean writeCache,
    boolean forcedUnitAccess,
    boolean cachingKnown,
    boolean writeProtected) {

  /** Size in bytes. */
  public long bytes() {
    return blocks * blockSize;
  }

  static Capacity parse(
      ByteBuffer capacity16,
      ByteBuffer capacity10,
      ByteBuffer limits,
      ByteBuffer provisioning,
      ByteBuffer mode)
      throws ProtocolException {
    Size size = size(capacity16, capacity10);
    boolean thin =
        capacity16 != null && capacity16.remaining() > 14 && (capacity16.get(14) & 0x80) != 0;
    boolean unmap =
        thin && provisioning != null && provisioning.remaining() > 5
            ? (provisioning.get(5) & 0x80) != 0
            : thin;
    return new Capacity(
        size.blocks,
        size.blockSize,
        thin,
        unsigned(limits, 8),
        unmap ? unsigned(limits, 20) : 0,
        unmap ? unsigned(limits, 24) : 0,
        limits == null || limits.remaining() < 44 ? 0 : Math.max(0, limits.getLong(36)),
        limits == null || limits.remaining() < 6 ? 0 : limits.get(5) & 0xff,
        writeCache(mode),
        forcedUnitAccess(mode),
        mode != null,
        mode != null && mode.remaining() > 2 && (mode.get(2) & 0x80) != 0);
  }

  private record Size(long blocks, int blockSize) {}

  private static Size size(ByteBuffer capacity16, ByteBuffer capacity10) throws ProtocolException {
    long last;
    int blockSize;
    if (capacity16 != null && capacity16.remaining() >= 12) {
      last = capacity16.getLong(0);
      blockSize = capacity16.getInt(8);
    } else if (capacity10 != null && capacity10.remaining() >= 8) {
      last = capacity10.getInt(0) & 0xffff_ffffL;
      blockSize = capacity10.getInt(4);
    } else {
      throw new ProtocolException("the target's READ CAPACITY data are too short");
    }
    if (blockSize < 512
        || blockSize > 65536
        || Integer.bitCount(blockSize) != 1
        || last < 0
        || last >= Long.MAX_VALUE / blockSize) {
      throw new ProtocolException(
          "the target reports a capacity that cannot be: last block "
              + Long.toUnsignedString(last)
              + ", "
              + blockSize
              + " bytes each");
    }
    return new Size(last + 1, blockSize);
  }

  /** The same with the size that READ CAPACITY tells now; the same object where it is no other. */
  Capacity withSize(ByteBuffer capacity16, ByteBuffer capacity10) throws ProtocolException {
    Size size = size(capacity16, capacity10);
    if (size.blockSize != blockSize) {
      throw new ProtocolException(
          "the block size changed from " + blockSize + " to " + size.blockSize + " bytes");
    }
    return size.blocks == blocks
        ? this
        : with(size.blocks, writeCache, forcedUnitAccess, cachingKnown);
  }

  /** The same with what a mode page says that could not be had before. */
  Capacity withCaching(ByteBuffer mode) {
    return with(blocks, writeCache(mode), forcedUnitAccess(mode), true);
  }

  private Capacity with(long otherBlocks, boolean cache, boolean fua, boolean known) {
    return new Capacity(
        otherBlocks,
        blockSize,
        thin,
        maxTransferBlocks,
        maxUnmapBlocks,
        maxUnmapDescriptors,
        maxWriteSameBlocks,
        maxCompareAndWriteBlocks,
        cache,
        fua,
        known,
        writeProtected);
  }

  private static boolean forcedUnitAccess(ByteBuffer mode) {
    return mode != null && mode.remaining() > 2 && (mode.get(2) & 0x10) != 0;
  }

  private static long unsigned(ByteBuffer page, int offset) {
    return page == null || page.remaining() < offset + 4 ? 0 : page.getInt(offset) & 0xffff_ffffL;
  }

  /** WCE of the caching mode page; true where the page cannot be had: flushing is safe. */
  private static boolean writeCache(ByteBuffer mode) {
    if (mode == null || mode.remaining() < 4) {
      return true;
    }
    int page = 4 + (mode.get(3) & 0xff);
    return mode.remaining() < page + 3
        || (mode.get(page) & 0x3f) != 8
        || (mode.get(page + 2) & 4) != 0;
  }
}
