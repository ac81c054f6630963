package org.jclusterfs.core.inode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceFutures;
import org.jclusterfs.journal.OrderedData;

/**
 * The cached data of one file. What it holds is right while this node has the inode's lock; dirty
 * blocks exist under EX only and know their place on the volume, so that writing them needs no
 * lock.
 *
 * <p>One batch of writes is in flight at a time: a block that becomes dirty again meanwhile is
 * written by the next batch, never at once with its older content.
 */
public final class FileCache implements OrderedData {
  /** Longest single write to the device in bytes. */
  static final int GATHER = 1 << 20;

  private final DataCache memory;
  private final BlockDevice device;
  private final ReentrantLock guard = new ReentrantLock();
  private final TreeMap<Long, Chunk> chunks = new TreeMap<>();
  private final ReadAhead ahead;
  private CompletableFuture<Void> writing = CompletableFuture.completedFuture(null);
  private IOException error;
  private boolean unflushed;
  private int dirtyBlocks;
  private int uses;

  FileCache(DataCache memory, BlockDevice device) {
    this.memory = memory;
    this.device = device;
    this.ahead = new ReadAhead(memory);
  }

  /** A piece of cached data that stays in memory until it is released. */
  final class View implements AutoCloseable {
    private final List<Chunk> pinned = new ArrayList<>();
    private final List<ByteBuffer> buffers = new ArrayList<>();

    List<ByteBuffer> buffers() {
      return buffers;
    }

    @Override
    public void close() {
      guard.lock();
      try {
        pinned.forEach(c -> c.pins--);
      } finally {
        guard.unlock();
      }
    }
  }

  /** An operation works on this data: nothing is evicted until {@link #endUse}. */
  void beginUse() {
    memory.touch(this);
    guard.lock();
    uses++;
    guard.unlock();
  }

  void endUse() {
    guard.lock();
    uses--;
    guard.unlock();
  }

  private Chunk chunk(long index) {
    Chunk chunk = chunks.get(index);
    if (chunk == null) {
      chunk = new Chunk(index, memory.take());
      chunks.put(index, chunk);
    }
    return chunk;
  }

  /** Reads in advance. */
  ReadAhead ahead() {
    return ahead;
  }

  /** Whether a block's content is in memory. */
  boolean isValid(long block) {
    guard.lock();
    try {
      Chunk chunk = chunks.get(Chunk.indexOf(block));
      return chunk != null && chunk.isValid(Chunk.slotOf(block));
    } finally {
      guard.unlock();
    }
  }

  /** Blocks that wait to be written. */
  int dirtyBlocks() {
    return dirtyBlocks;
  }

  /**
   * Reads mapped blocks that are not in memory; returns when they are.
   *
   * @param physical place of {@code block} on the volume
   */
  List<CompletableFuture<Void>> load(long block, long physical, int count) {
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    guard.lock();
    try {
      int done = 0;
      while (done < count) {
        Chunk chunk = chunk(Chunk.indexOf(block + done));
        int slot = Chunk.slotOf(block + done);
        int run = Math.min(count - done, Chunk.BLOCKS - slot);
        int mask = (1 << run) - 1 << slot;
        if ((chunk.valid & mask) != mask) {
          reads.add(fill(chunk, slot, run, physical + done));
        }
        done += run;
      }
    } finally {
      guard.unlock();
    }
    return reads;
  }

  /** Reads those blocks of a run that are not valid, as one request where none is dirty. */
  private CompletableFuture<Void> fill(Chunk chunk, int slot, int run, long physical) {
    List<CompletableFuture<Void>> parts = new ArrayList<>();
    int at = slot;
    chunk.pins++;
    int loaded = 0;
    while (at < slot + run) {
      if (chunk.isValid(at)) {
        at++;
        continue;
      }
      int end = at + 1;
      while (end < slot + run && !chunk.isValid(end)) {
        end++;
      }
      loaded |= (1 << end) - (1 << at);
      for (int i = at; i < end; i++) {
        chunk.physical[i] = physical + i - slot;
      }
      ByteBuffer into = chunk.data.slice(at * Chunk.BLOCK_SIZE, (end - at) * Chunk.BLOCK_SIZE);
      parts.add(device.read((physical + at - slot) * Chunk.BLOCK_SIZE, into));
      at = end;
    }
    int mask = loaded;
    return CompletableFuture.allOf(parts.toArray(new CompletableFuture<?>[0]))
        .whenComplete(
            (ok, failure) -> {
              guard.lock();
              try {
                chunk.pins--;
                if (failure == null) {
                  chunk.valid |= mask;
                }
              } finally {
                guard.unlock();
              }
            });
  }

  /** Makes blocks valid that are a hole or unwritten: they read as zeros. */
  void zeroHole(long block, int count) {
    ahead.await(block, block + count);
    guard.lock();
    try {
      for (int i = 0; i < count; i++) {
        Chunk chunk = chunk(Chunk.indexOf(block + i));
        int slot = Chunk.slotOf(block + i);
        if (!chunk.isValid(slot)) {
          chunk.zero(slot * Chunk.BLOCK_SIZE, (slot + 1) * Chunk.BLOCK_SIZE);
          chunk.physical[slot] = 0;
          chunk.valid |= 1 << slot;
        }
      }
    } finally {
      guard.unlock();
    }
  }

  /**
   * Puts data into memory and marks its blocks dirty. Blocks that it covers only partly must be
   * valid, or are new ones ({@code fresh}) whose rest becomes zeros.
   *
   * @param offset byte offset in the file
   * @param data bytes to take; its position moves
   * @param length how many of them
   * @param physical place on the volume of the block that {@code offset} lies in
   */
  void put(long offset, ByteBuffer data, int length, long physical, boolean fresh) {
    ahead.settle();
    guard.lock();
    try {
      long first = offset / Chunk.BLOCK_SIZE;
      long at = offset;
      long end = offset + length;
      while (at < end) {
        long block = at / Chunk.BLOCK_SIZE;
        Chunk chunk = chunk(Chunk.indexOf(block));
        int slot = Chunk.slotOf(block);
        int base = slot * Chunk.BLOCK_SIZE;
        int from = (int) (at % Chunk.BLOCK_SIZE);
        int n = (int) Math.min(Chunk.BLOCK_SIZE - from, end - at);
        if (fresh && n < Chunk.BLOCK_SIZE && !chunk.isDirty(slot)) {
          chunk.zero(base, base + Chunk.BLOCK_SIZE);
        }
        chunk.data.put(base + from, data, data.position(), n);
        data.position(data.position() + n);
        chunk.physical[slot] = physical + block - first;
        chunk.valid |= 1 << slot;
        if (!chunk.isDirty(slot)) {
          chunk.dirty |= 1 << slot;
          dirtyBlocks++;
          memory.unwritten(Chunk.BLOCK_SIZE);
        }
        at += n;
      }
    } finally {
      guard.unlock();
    }
  }

  /** Pins cached data; every block of the range must be valid, within a use. */
  View view(long offset, int size) {
    View view = new View();
    guard.lock();
    try {
      long at = offset;
      long end = offset + size;
      while (at < end) {
        long block = at / Chunk.BLOCK_SIZE;
        Chunk chunk = chunks.get(Chunk.indexOf(block));
        int from = (int) (at % Chunk.SIZE);
        int n = (int) Math.min(Chunk.SIZE - from, end - at);
        int firstSlot = from / Chunk.BLOCK_SIZE;
        int lastSlot = (from + n - 1) / Chunk.BLOCK_SIZE;
        int mask = (int) ((1L << lastSlot + 1) - (1L << firstSlot));
        if (chunk == null || (chunk.valid & mask) != mask) {
          throw new IllegalStateException("block " + block + " is not in memory");
        }
        chunk.pins++;
        view.pinned.add(chunk);
        view.buffers.add(chunk.data.slice(from, n));
        at += n;
      }
      return view;
    } finally {
      guard.unlock();
    }
  }

  /**
   * Writes what is dirty. Fails also where an earlier write failed that nobody was told of: its
   * blocks count as clean, and a transaction that needs them must not commit.
   */
  @Override
  public CompletableFuture<Void> writeOut() {
    guard.lock();
    try {
      if (error != null) {
        return CompletableFuture.failedFuture(error);
      }
      if (dirtyBlocks > 0) {
        if (writing.isDone()) {
          writing = startBatch();
        } else {
          writing = writing.thenCompose(ignored -> nextBatch());
        }
      }
      return writing;
    } finally {
      guard.unlock();
    }
  }

  private CompletableFuture<Void> nextBatch() {
    guard.lock();
    try {
      return startBatch();
    } finally {
      guard.unlock();
    }
  }

  private CompletableFuture<Void> startBatch() {
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    ByteBuffer gather = null;
    long start = 0;
    for (Chunk chunk : chunks.values()) {
      for (int slot = 0; chunk.dirty != 0 && slot < Chunk.BLOCKS; slot++) {
        if (!chunk.isDirty(slot)) {
          continue;
        }
        long physical = chunk.physical[slot];
        if (gather != null
            && (!gather.hasRemaining()
                || start + gather.position() / Chunk.BLOCK_SIZE != physical)) {
          writes.add(send(start, gather));
          gather = null;
        }
        if (gather == null) {
          gather = memory.takeGather();
          start = physical;
        }
        gather.put(chunk.data.slice(slot * Chunk.BLOCK_SIZE, Chunk.BLOCK_SIZE));
        chunk.dirty &= ~(1 << slot);
        dirtyBlocks--;
      }
    }
    if (gather != null) {
      writes.add(send(start, gather));
    }
    unflushed = true;
    return CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0]));
  }

  private CompletableFuture<Void> send(long physical, ByteBuffer gather) {
    gather.flip();
    int bytes = gather.remaining();
    return device
        .write(physical * Chunk.BLOCK_SIZE, gather)
        .whenComplete(
            (ok, failure) -> {
              memory.returnGather(gather);
              memory.unwritten(-bytes);
              if (failure != null) {
                remember(failure);
              }
            });
  }

  private void remember(Throwable failure) {
    guard.lock();
    try {
      error =
          failure instanceof IOException io ? io : new IOException("data write failed", failure);
    } finally {
      guard.unlock();
    }
  }

  /**
   * Has the device catch up where so much waits to be written that memory would run out: whoever
   * writes faster than it goes at its speed. What fails is told by the next sync.
   */
  void catchUp() {
    if (memory.isCrowded()) {
      try {
        DeviceFutures.await(writeOut());
      } catch (IOException told) {
        // Remembered in error.
      }
    }
  }

  /** Writes everything dirty and waits for it. */
  public void sync() throws IOException {
    DeviceFutures.await(writeOut());
  }

  /** Takes the error of an earlier write, so that it is reported once. */
  public IOException takeError() {
    guard.lock();
    try {
      IOException taken = error;
      error = null;
      return taken;
    } finally {
      guard.unlock();
    }
  }

  /** Whether data went to the device since the last call that a flush must still cover. */
  boolean takeUnflushed() {
    guard.lock();
    try {
      boolean was = unflushed;
      unflushed = false;
      return was;
    } finally {
      guard.unlock();
    }
  }

  /** Forgets blocks from {@code fromBlock} up to {@code toBlock}: they were freed. */
  void discard(long fromBlock, long toBlock) throws IOException {
    // A write in flight to a freed block could land on its next owner's data.
    CompletableFuture<Void> flying;
    ahead.settle();
    guard.lock();
    try {
      flying = writing;
      for (Chunk chunk :
          chunks
              .subMap(Chunk.indexOf(fromBlock), true, Chunk.indexOf(toBlock - 1), true)
              .values()) {
        for (int slot = 0; slot < Chunk.BLOCKS; slot++) {
          long block = chunk.index * Chunk.BLOCKS + slot;
          if (block >= fromBlock && block < toBlock) {
            if (chunk.isDirty(slot)) {
              dirtyBlocks--;
              memory.unwritten(-Chunk.BLOCK_SIZE);
            }
            chunk.valid &= ~(1 << slot);
            chunk.dirty &= ~(1 << slot);
          }
        }
      }
    } finally {
      guard.unlock();
    }
    DeviceFutures.await(flying);
  }

  /** Drops everything: the lock is given up and nothing is dirty. */
  void clear() {
    ahead.settle();
    ahead.reset();
    guard.lock();
    try {
      Iterator<Chunk> all = chunks.values().iterator();
      while (all.hasNext()) {
        Chunk chunk = all.next();
        if (chunk.pins == 0) {
          memory.give(chunk.data);
          all.remove();
        } else {
          chunk.valid = 0;
        }
      }
    } finally {
      guard.unlock();
    }
    memory.remove(this);
  }

  /** Whether anything goes to the device or comes from it. */
  public boolean isBusy() {
    return isDirty() || ahead.isFlying();
  }

  /** Whether data waits to be written or is on its way. */
  public boolean isDirty() {
    guard.lock();
    try {
      return dirtyBlocks > 0 || !writing.isDone();
    } finally {
      guard.unlock();
    }
  }

  /** Gives clean, unused chunks back to the pool; none if the file is busy. */
  int evictClean(int wanted) {
    if (!guard.tryLock()) {
      return 0;
    }
    try {
      if (uses > 0 || !writing.isDone()) {
        return 0;
      }
      int evicted = 0;
      Iterator<Chunk> all = chunks.values().iterator();
      while (all.hasNext() && evicted < wanted) {
        Chunk chunk = all.next();
        if (chunk.pins == 0 && chunk.dirty == 0) {
          memory.give(chunk.data);
          all.remove();
          evicted++;
        }
      }
      return evicted;
    } finally {
      guard.unlock();
    }
  }
}
