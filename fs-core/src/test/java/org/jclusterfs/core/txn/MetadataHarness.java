package org.jclusterfs.core.txn;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.device.DeviceFutures;
import org.jclusterfs.core.device.MemoryBlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.journal.BlockImage;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.OrderedData;

/**
 * One inode's metadata over a disk in memory, with transactions that check what they are told: no
 * more blocks logged or allocated than was announced. {@link #reload} drops the cache, so that a
 * change that no transaction was told of is lost.
 */
public final class MetadataHarness {
  /** Address of the inode. */
  public static final long INODE = 1000;

  private static final UUID VOLUME = new UUID(1, 2);
  private static final long SIZE = 1L << 40;

  private final MemoryBlockDevice device = MemoryBlockDevice.ofSize(SIZE);
  private final Map<Long, BlockImage> running = new LinkedHashMap<>();
  private final Map<Long, Long> versionOfFreed = new HashMap<>();
  private final Set<Long> allocated = new HashSet<>();
  private long next = 10_000;

  /** Reads the blocks. */
  public final MetaStore store = new MetaStore(device, VOLUME, 3);

  /** Of the inode's lock. */
  public final LockScope scope = new LockScope(LockScope.inodeLock(INODE, 0));

  /** What a transaction does. */
  @FunctionalInterface
  public interface Change {
    /** Changes blocks. */
    void run(Transaction tx, BlockSource source) throws IOException;
  }

  /** Makes the inode, of no layout. */
  public MetadataHarness() {
    Handle handle = new Handle(1);
    new Transaction(store, handle, e -> {}).create(scope, INODE, InodeBlock.MAGIC, INODE, 1);
    commit();
  }

  /** The inode as it is cached or on the disk. */
  public MetaBlock inode() throws IOException {
    return store.read(scope, INODE, InodeBlock.MAGIC);
  }

  /** Content of the inode's block. */
  public ByteBuffer attributes() throws IOException {
    return inode().buffer();
  }

  /** Blocks that are allocated beside the inode. */
  public Set<Long> allocated() {
    return allocated;
  }

  /** Version that a freed block had at most on the disk or in the running transaction. */
  public long versionOfFreed(long address) {
    return versionOfFreed.get(address);
  }

  /** Runs a change that may log {@code credits} blocks and allocate {@code nodes}. */
  public void change(int credits, int nodes, Change change) throws IOException {
    Source source = new Source(nodes);
    try (Transaction tx = new Transaction(store, new Handle(credits), e -> {})) {
      change.run(tx, source);
      tx.complete();
    }
  }

  /** Writes what transactions logged so far. */
  public void commit() {
    ByteBuffer image = BlockHeader.allocate();
    for (BlockImage block : running.values()) {
      block.snapshot(image.clear());
      device.write(block.address() * BlockHeader.BLOCK_SIZE, image.flip()).join();
    }
    running.clear();
  }

  /** Commits, and drops the cache: what follows is read from the disk. */
  public void reload() {
    commit();
    scope.clear();
  }

  /** Damages a block and seals it again, in the cache and on the disk. */
  public void damage(long address, int offset, long value, int bytes) throws IOException {
    reload();
    ByteBuffer block = BlockHeader.allocate();
    DeviceFutures.await(device.read(address * BlockHeader.BLOCK_SIZE, block));
    for (int i = 0; i < bytes; i++) {
      block.put(offset + i, (byte) (value >>> 8 * i));
    }
    BlockHeader.seal(block);
    device.write(address * BlockHeader.BLOCK_SIZE, block.clear()).join();
  }

  /** Addresses of the allocated blocks of a type. */
  public List<Long> blocksOf(int magic) {
    return allocated.stream()
        .sorted()
        .filter(
            address -> {
              MetaBlock cached = scope.cached(address);
              ByteBuffer block = cached == null ? raw(address) : cached.buffer();
              return BlockHeader.magic(block) == magic;
            })
        .toList();
  }

  private ByteBuffer raw(long address) {
    ByteBuffer block = BlockHeader.allocate();
    device.read(address * BlockHeader.BLOCK_SIZE, block).join();
    return block;
  }

  /** Gives new addresses, as many as were reserved. */
  private final class Source implements BlockSource {
    private int left;

    Source(int nodes) {
      left = nodes;
    }

    @Override
    public MetaBlock allocate(Transaction tx, LockScope scope, int magic, long owner) {
      if (left-- == 0) {
        throw new IllegalStateException("more blocks allocated than reserved");
      }
      allocated.add(next);
      return tx.create(scope, next++, magic, owner, 7);
    }
  }

  /** Joins the running transaction. */
  private final class Handle implements Journal.Handle {
    private final int credits;
    private final Set<Long> used = new HashSet<>();

    Handle(int credits) {
      this.credits = credits;
    }

    private void use(long address) {
      used.add(address);
      if (used.size() > credits) {
        throw new IllegalStateException("more than " + credits + " blocks logged: " + used);
      }
    }

    @Override
    public void log(BlockImage block) {
      use(block.address());
      BlockImage earlier = running.put(block.address(), block);
      if (earlier != null && earlier != block) {
        throw new IllegalStateException("two images of block " + block.address());
      }
    }

    @Override
    public void revoke(long address) {
      use(address);
      long version = BlockHeader.version(raw(address));
      versionOfFreed.put(address, running.remove(address) == null ? version : version + 1);
      if (!allocated.remove(address)) {
        throw new IllegalStateException("block " + address + " freed twice");
      }
    }

    @Override
    public void ordered(OrderedData data) {
      throw new UnsupportedOperationException("no data here");
    }

    @Override
    public void accompany(OrderedData data) {
      ordered(data);
    }

    @Override
    public long sequence() {
      return 1;
    }

    @Override
    public void close() {}
  }
}
