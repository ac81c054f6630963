package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Reads a journal's ring block by block in ascending order, some windows ahead, so that a scan
 * waits for the device once and not once per window. Going back begins anew. Used by one thread;
 * {@link #close} waits for the reads that are under way, since the device fills their buffers.
 */
final class LogReader implements AutoCloseable {

  private static final int WINDOW_BYTES = 1 << 20;

  /** Windows that are read or being read: 8 MiB, what keeps a LUN busy and no memory short. */
  private static final int WINDOWS = 8;

  /** Consecutive blocks of the ring; {@code read} completes when they are there. */
  private record Window(long start, long blocks, ByteBuffer bytes, CompletableFuture<Void> read) {
    boolean holds(long ringPosition) {
      return ringPosition >= start && ringPosition < start + blocks;
    }
  }

  private final LogDevice device;
  private final LogGeometry geometry;
  private final long end;
  private final Deque<Window> windows = new ArrayDeque<>();
  private final List<ByteBuffer> free = new ArrayList<>();
  private Window current;

  /**
   * A reader that has read nothing yet.
   *
   * @param end ring position before which reading ahead stops
   */
  LogReader(LogDevice device, LogGeometry geometry, long end) {
    this.device = device;
    this.geometry = geometry;
    this.end = end;
  }

  /** One block of the ring, little-endian; valid until the next call. */
  ByteBuffer block(long ringPosition) throws IOException {
    if (current == null || !current.holds(ringPosition)) {
      moveTo(ringPosition);
    }
    int offset = (int) (ringPosition - current.start()) * geometry.blockSize();
    return current.bytes().slice(offset, geometry.blockSize()).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void moveTo(long ringPosition) throws IOException {
    current = null;
    while (!windows.isEmpty() && !windows.getFirst().holds(ringPosition)) {
      drop(windows.removeFirst());
    }
    if (windows.isEmpty()) {
      windows.add(begin(ringPosition));
    }
    Window last = windows.getLast();
    while (windows.size() < WINDOWS && last.start() + last.blocks() < end) {
      last = begin(last.start() + last.blocks());
      windows.add(last);
    }
    Window next = windows.getFirst();
    Futures.await(next.read());
    current = next;
  }

  private Window begin(long ringPosition) {
    ByteBuffer bytes =
        free.isEmpty()
            ? ByteBuffer.allocateDirect(Math.max(WINDOW_BYTES, geometry.blockSize()))
            : free.remove(free.size() - 1);
    long blocks =
        Math.min(bytes.capacity() / geometry.blockSize(), geometry.blocksToEnd(ringPosition));
    ByteBuffer request = bytes.duplicate().limit((int) blocks * geometry.blockSize());
    return new Window(
        ringPosition,
        blocks,
        bytes,
        Futures.start(() -> device.readLog(geometry.logBlock(ringPosition), request)));
  }

  private void drop(Window window) {
    try {
      Futures.await(window.read());
    } catch (IOException e) {
      // Nobody looked at what this read was for.
    }
    free.add(window.bytes());
  }

  @Override
  public void close() {
    current = null;
    windows.forEach(this::drop);
    windows.clear();
  }
}
