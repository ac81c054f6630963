package org.jclusterfs.core.txn;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
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

  // Blocks that nobody wants are read along where that spares a request.
  private static final int WIDEST_GAP = 8;
  private static final int MOST_TOGETHER = 64;

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
   * A block that will be read soon.
   *
   * @param scope that of the lock that covers it, which the caller holds
   */
  public record Wanted(LockScope scope, long address) {}

  /**
   * Reads blocks of one type into their scopes, neighbours in one request and all requests at once;
   * those cached already stay. One that is not valid is left out: {@link #read} will tell.
   */
  public void prefetch(Collection<Wanted> blocks, int magic) throws IOException {
    List<Wanted> sorted = new ArrayList<>(blocks);
    sorted.sort(Comparator.comparingLong(Wanted::address));
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= sorted.size(); i++) {
      if (i == sorted.size() || !neighbours(sorted.get(from), sorted.get(i - 1), sorted.get(i))) {
        reads.add(readTogether(sorted.subList(from, i), magic));
        from = i;
      }
    }
    DeviceFutures.await(CompletableFuture.allOf(reads.toArray(new CompletableFuture<?>[0])));
  }

  private static boolean neighbours(Wanted first, Wanted last, Wanted next) {
    return next.address() - last.address() <= WIDEST_GAP
        && next.address() - first.address() < MOST_TOGETHER;
  }

  /** Blocks in the order of their addresses, and what lies between them, in one request. */
  private CompletableFuture<Void> readTogether(List<Wanted> blocks, int magic) {
    long first = blocks.get(0).address();
    long end = blocks.get(blocks.size() - 1).address() + 1;
    ByteBuffer buffer = ByteBuffer.allocate((int) (end - first) * BLOCK_SIZE);
    return device
        .read(first * BLOCK_SIZE, buffer)
        .thenRun(() -> blocks.forEach(b -> install(b, buffer, (int) (b.address() - first), magic)));
  }

  private void install(Wanted block, ByteBuffer read, int index, int magic) {
    ByteBuffer one = ByteBuffer.allocate(BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    one.put(0, read, index * BLOCK_SIZE, BLOCK_SIZE);
    LockScope scope = block.scope();
    if (scope.cached(block.address()) == null && check(one, magic, block.address()) == null) {
      scope.remember(new MetaBlock(block.address(), scope.tag(), one, writer));
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
