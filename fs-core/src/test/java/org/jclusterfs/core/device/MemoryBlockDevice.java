package org.jclusterfs.core.device;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * One node's connection to a disk in memory that several nodes of one JVM share.
 *
 * <p>The disk keeps what was written since the last flush apart, so that {@link Disk#powerCut}
 * loses a random part of it. Each connection can be fenced, stalled and cut by itself.
 */
public final class MemoryBlockDevice implements BlockDevice {

  private static final int BLOCK = 4096;

  /** The medium with its write cache and its registrations. */
  public static final class Disk {
    private final long size;
    private final Map<Long, byte[]> durable = new HashMap<>();
    private final Map<Long, byte[]> cached = new HashMap<>();
    private final Map<Integer, Long> keys = new HashMap<>();

    /** An empty disk of that many bytes. */
    public Disk(long size) {
      this.size = size;
    }

    /** Another node's connection. */
    public MemoryBlockDevice connect() {
      return new MemoryBlockDevice(this);
    }

    /** Loses or keeps each unflushed block by chance. */
    public synchronized void powerCut(Random random) {
      cached.forEach(
          (block, content) -> {
            if (random.nextBoolean()) {
              durable.put(block, content);
            }
          });
      cached.clear();
    }

    private synchronized void read(long offset, ByteBuffer dst) {
      for (long at = offset; dst.hasRemaining(); ) {
        byte[] block = cached.getOrDefault(at / BLOCK, durable.get(at / BLOCK));
        int within = (int) (at % BLOCK);
        int count = Math.min(BLOCK - within, dst.remaining());
        dst.put(block == null ? new byte[BLOCK] : block, within, count);
        at += count;
      }
    }

    private synchronized void write(long offset, ByteBuffer src) {
      for (long at = offset; src.hasRemaining(); ) {
        long number = at / BLOCK;
        byte[] old = cached.getOrDefault(number, durable.get(number));
        byte[] block = old == null ? new byte[BLOCK] : old.clone();
        int within = (int) (at % BLOCK);
        int count = Math.min(BLOCK - within, src.remaining());
        src.get(block, within, count);
        cached.put(number, block);
        at += count;
      }
    }

    private synchronized void flush() {
      durable.putAll(cached);
      cached.clear();
    }
  }

  private final Disk disk;
  private final FakeFencing fencing = new FakeFencing();
  private volatile WriteGate gate = WriteGate.OPEN;
  private volatile boolean closed;
  private volatile boolean stalled;
  private int slot = -1;
  private long key;

  private MemoryBlockDevice(Disk disk) {
    this.disk = disk;
  }

  /** A connection to a disk of its own. */
  public static MemoryBlockDevice ofSize(long size) {
    return new Disk(size).connect();
  }

  /** The disk behind this connection. */
  public Disk disk() {
    return disk;
  }

  /** From now on no operation of this connection completes. */
  public void stall() {
    stalled = true;
  }

  @Override
  public String description() {
    return "memory";
  }

  @Override
  public long size() {
    return disk.size;
  }

  @Override
  public int logicalBlockSize() {
    return 512;
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return run(
        () -> {
          check(offset, dst.remaining());
          disk.read(offset, dst);
        });
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return run(
        () -> {
          check(offset, src.remaining());
          synchronized (disk) {
            if (slot >= 0 && !Long.valueOf(key).equals(disk.keys.get(slot))) {
              throw new FencedException("memory: the registration of slot " + slot + " is gone");
            }
            if (!gate.mayWrite()) {
              throw new FencedException("memory: the write gate is closed");
            }
            disk.write(offset, src);
          }
        });
  }

  @Override
  public CompletableFuture<Void> flush() {
    return run(disk::flush);
  }

  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return run(() -> {});
  }

  private interface Io {
    void run() throws IOException;
  }

  private CompletableFuture<Void> run(Io io) {
    if (stalled) {
      return new CompletableFuture<>();
    }
    try {
      if (closed) {
        throw new IOException("memory: closed");
      }
      io.run();
      return CompletableFuture.completedFuture(null);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void check(long offset, int length) throws IOException {
    if (offset < 0 || offset + length > disk.size || offset % 512 != 0 || length % 512 != 0) {
      throw new IOException("memory: bad range " + offset + "+" + length);
    }
  }

  @Override
  public boolean hasVolatileWriteCache() {
    return true;
  }

  @Override
  public void setWriteGate(WriteGate gate) {
    this.gate = gate;
  }

  @Override
  public Fencing fencing() {
    return fencing;
  }

  @Override
  public List<InetAddress> localAddresses() {
    return List.of(InetAddress.getLoopbackAddress());
  }

  @Override
  public void close() {
    closed = true;
  }

  /** Registrations as a reservation keeps them: one key per slot, preempted by anybody. */
  private final class FakeFencing implements Fencing {
    @Override
    public boolean register(int wanted, long newKey) {
      synchronized (disk) {
        if (disk.keys.putIfAbsent(wanted, newKey) != null) {
          return false;
        }
        slot = wanted;
        key = newKey;
        return true;
      }
    }

    @Override
    public void unregister(int held, long oldKey) {
      synchronized (disk) {
        disk.keys.remove(held, oldKey);
        if (slot == held) {
          slot = -1;
        }
      }
    }

    @Override
    public void fence(Victim victim) {
      synchronized (disk) {
        disk.keys.remove(victim.slot(), victim.key());
      }
    }

    @Override
    public List<Long> keysOf(int wanted) {
      synchronized (disk) {
        Long registered = disk.keys.get(wanted);
        return registered == null ? List.of() : List.of(registered);
      }
    }

    @Override
    public String describe() {
      return "in memory";
    }

    @Override
    public boolean supportsCluster() {
      return true;
    }
  }
}
