package org.jclusterfs.core.volume;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.Fencing;
import org.jclusterfs.core.device.WriteGate;

/** A sparse device in memory that can fail from a write on and counts what it is asked. */
final class MemoryDevice implements BlockDevice {
  private static final int BLOCK = 4096;

  private final long size;
  private final ConcurrentHashMap<Long, byte[]> blocks = new ConcurrentHashMap<>();
  int writes;
  int flushes;
  long bytesWritten;
  int failAfterWrites = Integer.MAX_VALUE;

  MemoryDevice(long blocks) {
    this.size = blocks * BLOCK;
  }

  @Override
  public String description() {
    return "memory";
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public int logicalBlockSize() {
    return BLOCK;
  }

  private CompletableFuture<Void> outOfRange(long offset, int length) {
    return offset < 0 || offset + length > size || offset % BLOCK != 0 || length % BLOCK != 0
        ? CompletableFuture.failedFuture(new IOException("bad range " + offset + "+" + length))
        : null;
  }

  @Override
  public synchronized CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    CompletableFuture<Void> refused = outOfRange(offset, dst.remaining());
    if (refused != null) {
      return refused;
    }
    for (long at = offset / BLOCK; dst.hasRemaining(); at++) {
      dst.put(blocks.getOrDefault(at, new byte[BLOCK]));
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public synchronized CompletableFuture<Void> write(long offset, ByteBuffer src) {
    CompletableFuture<Void> refused = outOfRange(offset, src.remaining());
    if (refused != null) {
      return refused;
    }
    if (writes++ >= failAfterWrites) {
      return CompletableFuture.failedFuture(new IOException("no more writes"));
    }
    bytesWritten += src.remaining();
    for (long at = offset / BLOCK; src.hasRemaining(); at++) {
      byte[] block = new byte[BLOCK];
      src.get(block);
      blocks.put(at, block);
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public synchronized CompletableFuture<Void> flush() {
    flushes++;
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return CompletableFuture.failedFuture(new IOException("discard is not supported"));
  }

  @Override
  public boolean hasVolatileWriteCache() {
    return true;
  }

  @Override
  public void setWriteGate(WriteGate gate) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Fencing fencing() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<InetAddress> localAddresses() {
    return List.of(InetAddress.getLoopbackAddress());
  }

  @Override
  public void close() {}
}
