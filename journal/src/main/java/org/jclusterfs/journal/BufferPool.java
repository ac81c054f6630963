package org.jclusterfs.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;

/** Direct little-endian buffers of one size for large requests; keeps a few for reuse. */
final class BufferPool {

  private static final int KEPT = 32;

  private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();
  private final int bytes;

  BufferPool(int bytes) {
    this.bytes = bytes;
  }

  int bytes() {
    return bytes;
  }

  /** A cleared buffer with old content. */
  ByteBuffer take() {
    synchronized (free) {
      ByteBuffer buffer = free.poll();
      if (buffer != null) {
        return buffer.clear();
      }
    }
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Takes a buffer back; null is ignored. */
  void give(ByteBuffer buffer) {
    if (buffer == null) {
      return;
    }
    synchronized (free) {
      if (free.size() < KEPT) {
        free.push(buffer);
      }
    }
  }
}
