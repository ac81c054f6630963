package org.jclusterfs.core.inode;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory of all cached file data of a mount: hands chunks out and, past its bound, takes clean
 * ones back from the files used longest ago. The bound is a soft one: what is dirty or in use
 * stays. Thread-safe.
 */
public final class DataCache {
  private static final int SLAB = 4 << 20;

  private final long bound;
  private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();
  private final LinkedHashMap<FileCache, Boolean> recent = new LinkedHashMap<>(64, 0.75f, true);
  private final ConcurrentLinkedQueue<ByteBuffer> gather = new ConcurrentLinkedQueue<>();
  private final AtomicLong unwritten = new AtomicLong();
  // Blocks that are read in advance just now.
  private final AtomicLong ahead = new AtomicLong();
  private long allocated;

  /**
   * Makes an empty cache.
   *
   * @param bound bytes
   */
  public DataCache(long bound) {
    this.bound = Math.max(bound, 2L * SLAB);
  }

  /** Notes bytes that wait to be written, or that were written (negative). */
  void unwritten(long bytes) {
    unwritten.addAndGet(bytes);
  }

  /** Whether so much waits to be written that who writes more has to wait too. */
  boolean isCrowded() {
    return unwritten.get() > bound / 2;
  }

  /** Asks for leave to read blocks in advance; {@link #endAhead} is to follow where it is given. */
  boolean beginAhead(long blocks) {
    if (ahead.addAndGet(blocks) <= bound / Chunk.BLOCK_SIZE / 4) {
      return true;
    }
    endAhead(blocks);
    return false;
  }

  void endAhead(long blocks) {
    ahead.addAndGet(-blocks);
  }

  /** Notes that a file's data was used just now. */
  void touch(FileCache file) {
    synchronized (recent) {
      recent.put(file, Boolean.TRUE);
    }
  }

  /** A file without cached data is not looked at any more. */
  void remove(FileCache file) {
    synchronized (recent) {
      recent.remove(file);
    }
  }

  /** Memory for one chunk, content undefined. */
  ByteBuffer take() {
    ByteBuffer buffer = poll();
    if (buffer != null) {
      return buffer;
    }
    evict();
    buffer = poll();
    return buffer != null ? buffer : grow();
  }

  private ByteBuffer poll() {
    synchronized (free) {
      ByteBuffer buffer = free.pollLast();
      return buffer == null && allocated < bound ? grow() : buffer;
    }
  }

  private ByteBuffer grow() {
    synchronized (free) {
      ByteBuffer slab = ByteBuffer.allocateDirect(SLAB);
      allocated += SLAB;
      for (int at = Chunk.SIZE; at < SLAB; at += Chunk.SIZE) {
        free.addLast(slab.slice(at, Chunk.SIZE));
      }
      return slab.slice(0, Chunk.SIZE);
    }
  }

  void give(ByteBuffer buffer) {
    synchronized (free) {
      free.addLast(buffer);
    }
  }

  private void evict() {
    List<FileCache> eldest = new ArrayList<>();
    synchronized (recent) {
      for (FileCache file : recent.keySet()) {
        eldest.add(file);
      }
    }
    int wanted = SLAB / Chunk.SIZE;
    for (FileCache file : eldest) {
      wanted -= file.evictClean(wanted);
      if (wanted <= 0) {
        return;
      }
    }
  }

  /** A 1 MiB buffer to gather a write in; given back by {@link #returnGather}. */
  ByteBuffer takeGather() {
    ByteBuffer buffer = gather.poll();
    return buffer != null ? buffer.clear() : ByteBuffer.allocateDirect(FileCache.GATHER);
  }

  void returnGather(ByteBuffer buffer) {
    gather.offer(buffer);
  }
}
