package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Writes blocks to their homes, adjacent ones in one request, many requests in flight. */
final class HomeBlocks {

  /** A block on its way home; the content never changes. */
  interface Block {
    long address();

    byte[] content();
  }

  /** Asked before each request; throws if nothing may be written any more. */
  interface Permit {
    void check() throws IOException;
  }

  private final LogDevice device;
  private final BufferPool pool;
  private final int inFlight;

  HomeBlocks(LogDevice device, BufferPool pool, int inFlight) {
    this.device = device;
    this.pool = pool;
    this.inFlight = inFlight;
  }

  BufferPool pool() {
    return pool;
  }

  /**
   * Writes blocks, sorted by address and each there once, and waits for the acknowledgements.
   *
   * @return number of requests
   */
  long write(List<? extends Block> sorted, Permit permit) throws IOException {
    RequestWindow window = window();
    try {
      return begin(sorted, permit, window);
    } finally {
      window.drain();
    }
  }

  /** A window for {@link #begin}, whose user drains it. */
  RequestWindow window() {
    return new RequestWindow(inFlight, pool);
  }

  /**
   * As {@link #write}, without waiting for more than the window asks for.
   *
   * @param window to be drained by the caller, also after a failure
   */
  long begin(List<? extends Block> sorted, Permit permit, RequestWindow window) throws IOException {
    long requests = 0;
    int longest = pool.bytes() / device.blockSize();
    for (int from = 0; from < sorted.size(); requests++) {
      int to = from + 1;
      long first = sorted.get(from).address();
      while (to < sorted.size()
          && to - from < longest
          && sorted.get(to).address() == first + (to - from)) {
        to++;
      }
      permit.check();
      submit(window, sorted.subList(from, to));
      from = to;
    }
    return requests;
  }

  private void submit(RequestWindow window, List<? extends Block> run) throws IOException {
    long address = run.get(0).address();
    if (run.size() == 1) {
      ByteBuffer single = ByteBuffer.wrap(run.get(0).content());
      window.submit(() -> device.writeHome(address, single), null);
      return;
    }
    ByteBuffer gathered = pool.take();
    for (Block block : run) {
      gathered.put(block.content());
    }
    ByteBuffer request = gathered.duplicate().flip();
    window.submit(() -> device.writeHome(address, request), gathered);
  }
}
