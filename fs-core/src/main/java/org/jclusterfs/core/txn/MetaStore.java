package org.jclusterfs.core.txn;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceFutures;
import org.jclusterfs.core.format.BlockDamage;
import org.jclusterfs.core.format.BlockHeader;

/**
 * Reads metadata blocks from the device into the scope of the lock that covers them, and checks
 * them. Thread-safe.
 */
public final class MetaStore {
  /** Bytes of a block. */
  public static final int BLOCK_SIZE = BlockHeader.BLOCK_SIZE;

  private final BlockDevice device;
  private final UUID volume;
  private final long writer;
  private final boolean checksummed;

  /**
   * Makes the store of one mount.
   *
   * @param device the volume's device
   * @param volume its UUID
   * @param slot slot of this node
   */
  public MetaStore(BlockDevice device, UUID volume, int slot) {
    this(device, volume, slot, true);
  }

  /**
   * With {@code checksummed} false it believes every checksum: a fault that tests plant, see {@link
   * org.jclusterfs.journal.Fault#READ_CHECKSUM}.
   */
  public MetaStore(BlockDevice device, UUID volume, int slot, boolean checksummed) {
    this.device = device;
    this.volume = volume;
    this.writer = (long) slot << 48;
    this.checksummed = checksummed;
  }

  private BlockDamage check(ByteBuffer block, int magic, long address) {
    BlockDamage damage = BlockHeader.check(block, magic, address, volume);
    return damage == BlockDamage.CHECKSUM && !checksummed ? null : damage;
  }

  /** UUID of the volume. */
  public UUID volume() {
    return volume;
  }

  /**
   * Gets a block, from the scope's cache or the device. The caller holds the scope's lock.
   *
   * @param magic what it has to be
   * @throws DamagedBlockException if it is not valid after a second read
   */
  public MetaBlock read(LockScope scope, long address, int magic) throws IOException {
    MetaBlock cached = scope.cached(address);
    if (cached != null) {
      if (BlockHeader.magic(cached.buffer()) != magic) {
        throw new DamagedBlockException(address, "not of the type that points to it");
      }
      return cached;
    }
    ByteBuffer buffer = ByteBuffer.allocate(BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    BlockDamage damage = null;
    for (int attempt = 0; attempt < 2; attempt++) {
      DeviceFutures.await(device.read(address * BLOCK_SIZE, buffer.clear()));
      damage = check(buffer.clear(), magic, address);
      if (damage == null) {
        return scope.remember(new MetaBlock(address, scope.tag(), buffer, writer));
      }
    }
    throw new DamagedBlockException(address, damage.text());
  }

  /**
   * Reads consecutive blocks of one type in one request into the scope; those cached already stay.
   */
  public void prefetch(LockScope scope, long first, int count, int magic) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(count * BLOCK_SIZE);
    DeviceFutures.await(device.read(first * BLOCK_SIZE, buffer));
    for (int i = 0; i < count; i++) {
      ByteBuffer one = ByteBuffer.allocate(BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
      one.put(0, buffer, i * BLOCK_SIZE, BLOCK_SIZE);
      if (scope.cached(first + i) == null && check(one, magic, first + i) == null) {
        scope.remember(new MetaBlock(first + i, scope.tag(), one, writer));
      }
    }
  }

  /** A block that was just allocated, zeroed but for its header; {@code version} is its floor. */
  MetaBlock create(LockScope scope, long address, int magic, long owner, long version) {
    ByteBuffer buffer = ByteBuffer.allocate(BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    BlockHeader.initialise(buffer, magic, address, volume, owner);
    BlockHeader.version(buffer, version);
    MetaBlock block = new MetaBlock(address, scope.tag(), buffer, writer);
    scope.replace(block);
    return block;
  }

  /** Reads a block without a cache and without a judgement: for replay and inspection. */
  public CompletableFuture<Void> readRaw(long address, ByteBuffer dst) {
    return device.read(address * BLOCK_SIZE, dst);
  }
}
