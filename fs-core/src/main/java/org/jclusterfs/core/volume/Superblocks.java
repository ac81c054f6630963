package org.jclusterfs.core.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockDamage;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.UnusableVolumeException.Reason;

/** Reads superblocks and judges whether the volume can be used. */
public final class Superblocks {
  private Superblocks() {}

  /**
   * Reads and checks the primary superblock; a damaged one is read once more.
   *
   * @throws UnusableVolumeException if there is none that this version can use for writing
   * @throws IOException if the device fails
   */
  public static ByteBuffer readPrimary(BlockDevice device) throws IOException {
    return read(device, Superblock.PRIMARY_ADDRESS);
  }

  /**
   * Refuses a device that is too small to hold a superblock in a block.
   *
   * @throws UnusableVolumeException if it is
   */
  public static void requireRoom(BlockDevice device, long address) throws UnusableVolumeException {
    if (device.size() / BlockHeader.BLOCK_SIZE <= address) {
      throw new UnusableVolumeException(
          Reason.NOT_A_VOLUME, device.description() + " is too small to be a jclusterfs volume");
    }
  }

  /** As {@link #readPrimary}, for the copy at {@code address}. */
  public static ByteBuffer read(BlockDevice device, long address) throws IOException {
    requireRoom(device, address);
    ByteBuffer block = BlockIo.read(device, address, 1);
    BlockDamage damage = check(block, address);
    if (damage != null) {
      block = BlockIo.read(device, address, 1);
      damage = check(block, address);
    }
    if (damage == BlockDamage.MAGIC) {
      throw new UnusableVolumeException(
          Reason.NOT_A_VOLUME,
          device.description()
              + ": no jclusterfs superblock in block "
              + address
              + "; check the device, or format it with mkfs.jclusterfs");
    }
    if (damage != null) {
      throw new UnusableVolumeException(
          Reason.DAMAGED,
          device.description()
              + ": the superblock in block "
              + address
              + " "
              + damage.text()
              + "; run fsck.jclusterfs");
    }
    requireSupported(device, block);
    return block;
  }

  private static BlockDamage check(ByteBuffer block, long address) {
    return BlockHeader.check(block, Superblock.MAGIC, address, BlockHeader.volumeUuid(block));
  }

  private static void requireSupported(BlockDevice device, ByteBuffer block)
      throws UnusableVolumeException {
    if (Superblock.majorVersion(block) != Superblock.MAJOR_VERSION
        || Superblock.blockSize(block) != BlockHeader.BLOCK_SIZE) {
      throw unsupported(
          device,
          "has format version "
              + Superblock.majorVersion(block)
              + " and block size "
              + Superblock.blockSize(block)
              + ", this program knows version 1 with blocks of 4096 bytes");
    }
    long unknown = Superblock.incompatFeatures(block) & ~Superblock.KNOWN_INCOMPAT;
    if (unknown != 0) {
      throw unsupported(
          device, "uses features that this program does not know: 0x" + Long.toHexString(unknown));
    }
    unknown = Superblock.roCompatFeatures(block) & ~Superblock.KNOWN_RO_COMPAT;
    if (unknown != 0) {
      throw unsupported(
          device,
          "uses features that permit this program only to read: 0x" + Long.toHexString(unknown));
    }
    long deviceBlocks = device.size() / BlockHeader.BLOCK_SIZE;
    if (Superblock.totalBlocks(block) > deviceBlocks) {
      throw new UnusableVolumeException(
          Reason.DAMAGED,
          device.description()
              + " has "
              + deviceBlocks
              + " blocks, but its superblock says "
              + Superblock.totalBlocks(block)
              + ": the device was shrunk, or this is another one");
    }
    try {
      Geometry.of(block);
    } catch (IllegalArgumentException e) {
      throw new UnusableVolumeException(
          Reason.DAMAGED, device.description() + ": " + e.getMessage() + "; run fsck.jclusterfs");
    }
  }

  private static UnusableVolumeException unsupported(BlockDevice device, String what) {
    return new UnusableVolumeException(Reason.UNSUPPORTED, device.description() + " " + what);
  }
}
