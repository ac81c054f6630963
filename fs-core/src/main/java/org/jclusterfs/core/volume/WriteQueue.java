package org.jclusterfs.core.volume;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;

/** Keeps many writes in flight and reports the first failure. Used by one thread. */
final class WriteQueue {
  private static final int DEPTH = 16;

  private final BlockDevice device;
  private final Semaphore free = new Semaphore(DEPTH);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  WriteQueue(BlockDevice device) {
    this.device = device;
  }

  /** Starts to write a whole buffer; the buffer is not used again by the caller. */
  void write(long address, ByteBuffer blocks) throws IOException {
    acquire(1);
    check();
    device
        .write(address * BlockHeader.BLOCK_SIZE, blocks.clear())
        .whenComplete(
            (nothing, error) -> {
              if (error != null) {
                failure.compareAndSet(null, error);
              }
              free.release();
            });
  }

  /** Waits until all writes have completed. */
  void drain() throws IOException {
    acquire(DEPTH);
    free.release(DEPTH);
    check();
  }

  /** As {@link #drain()}, and makes them durable. */
  void flush() throws IOException {
    drain();
    BlockIo.await(device.flush());
  }

  private void acquire(int permits) throws IOException {
    try {
      free.acquire(permits);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted while writing").initCause(e);
    }
  }

  private void check() throws IOException {
    Throwable error = failure.get();
    if (error != null) {
      throw error instanceof IOException e ? e : new IOException(error);
    }
  }
}
