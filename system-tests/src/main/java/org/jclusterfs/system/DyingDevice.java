package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.ForwardingDevice;

/** A device that fails for good once so much was written to some areas of it. Thread-safe. */
final class DyingDevice extends ForwardingDevice {

  private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
  private volatile List<long[]> areas = List.of();

  DyingDevice(BlockDevice device) {
    super(device);
  }

  /**
   * Sets when it dies.
   *
   * @param watched offset and length of each area, in bytes
   */
  void dieAfter(List<long[]> watched, long bytes) {
    left.set(bytes);
    areas = List.copyOf(watched);
  }

  boolean isDead() {
    return left.get() <= 0;
  }

  private CompletableFuture<Void> alive(Supplier<CompletableFuture<Void>> operation) {
    return isDead()
        ? CompletableFuture.failedFuture(new IOException("the device is gone"))
        : operation.get();
  }

  private CompletableFuture<Void> written(
      long offset, ByteBuffer src, Supplier<CompletableFuture<Void>> operation) {
    for (long[] area : areas) {
      if (offset >= area[0] && offset < area[0] + area[1]) {
        left.addAndGet(-src.remaining());
      }
    }
    return alive(operation);
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return alive(() -> super.read(offset, dst));
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return written(offset, src, () -> super.write(offset, src));
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return written(offset, src, () -> super.writeDurably(offset, src));
  }

  @Override
  public CompletableFuture<Void> flush() {
    return alive(super::flush);
  }

  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return alive(() -> super.discard(offset, length));
  }
}
