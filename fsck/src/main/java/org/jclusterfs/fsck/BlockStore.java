package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockDamage;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.volume.BlockIo;

/**
 * The blocks of the volume, with those laid over that a replay would write. Never writes where it
 * was opened read-only. Used by one thread.
 */
final class BlockStore {
  private final BlockDevice device;
  private final boolean readOnly;
  private final Map<Long, ByteBuffer> overlay = new HashMap<>();
  private UUID volume;

  // Blocks read ahead: consecutive ones from aheadStart on, or null.
  private ByteBuffer ahead;
  private long aheadStart;

  BlockStore(BlockDevice device, boolean readOnly) {
    this.device = device;
    this.readOnly = readOnly;
  }

  void volume(UUID uuid) {
    this.volume = uuid;
  }

  UUID volume() {
    return volume;
  }

  BlockDevice device() {
    return device;
  }

  void lay(Map<Long, ByteBuffer> images) {
    overlay.putAll(images);
  }

  ByteBuffer read(long address) throws IOException {
    ByteBuffer image = overlay.get(address);
    ByteBuffer copy = BlockHeader.allocate();
    if (image == null) {
      if (!isAhead(address)) {
        return BlockIo.read(device, address, 1);
      }
      int from = (int) (address - aheadStart) * BlockHeader.BLOCK_SIZE;
      return copy.put(0, ahead, from, BlockHeader.BLOCK_SIZE);
    }
    copy.duplicate().put(image.duplicate().clear());
    return copy;
  }

  /** Reads consecutive blocks in one request, for the single reads that follow. */
  void readAhead(long address, int blocks) throws IOException {
    ahead = BlockIo.read(device, address, blocks);
    aheadStart = address;
  }

  /** Forgets what was read ahead. */
  void forget() {
    ahead = null;
  }

  private boolean isAhead(long address) {
    return ahead != null
        && address >= aheadStart
        && address - aheadStart < ahead.capacity() / BlockHeader.BLOCK_SIZE;
  }

  /** What is wrong with a block that was read, or null; tried twice by {@link #readChecked}. */
  BlockDamage check(ByteBuffer block, int magic, long address) {
    return BlockHeader.check(block, magic, address, volume);
  }

  /** A block as a checked read gives it. */
  record Checked(ByteBuffer block, BlockDamage damage) {
    boolean good() {
      return damage == null;
    }

    /** To follow the name of the block in a message. */
    String text() {
      return damage == null ? "is good" : damage.text();
    }
  }

  /** Reads a metadata block; one that is damaged is read again before it is judged. */
  Checked readChecked(long address, int magic) throws IOException {
    ByteBuffer block = read(address);
    BlockDamage damage = check(block, magic, address);
    if (damage != null) {
      ahead = null;
      block = read(address);
      damage = check(block, magic, address);
    }
    return new Checked(block, damage);
  }

  /** Raises the version, seals and writes a metadata block to its own address. */
  void write(ByteBuffer block) throws IOException {
    BlockHeader.version(block, BlockHeader.version(block) + 1);
    BlockHeader.seal(block);
    writeRaw(BlockHeader.address(block), block);
  }

  /** Writes a block of data. */
  void writeRaw(long address, ByteBuffer block) throws IOException {
    if (readOnly) {
      throw new IllegalStateException("block " + address + " must not be written");
    }
    if (isAhead(address)) {
      ahead = null;
    }
    BlockIo.write(device, address, block.duplicate().order(ByteOrder.LITTLE_ENDIAN));
  }

  void flush() throws IOException {
    if (!readOnly) {
      BlockIo.await(device.flush());
    }
  }
}
