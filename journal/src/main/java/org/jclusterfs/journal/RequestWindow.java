package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A bounded number of requests in flight, for one thread. The first failure stops further ones;
 * {@link #drain} waits for all that were begun before it reports it.
 */
final class RequestWindow {

  private record Request(CompletableFuture<Void> future, ByteBuffer pooled) {}

  private final ArrayDeque<Request> inFlight = new ArrayDeque<>();
  private final int limit;
  private final BufferPool pool;
  private IOException failure;

  RequestWindow(int limit, BufferPool pool) {
    this.limit = limit;
    this.pool = pool;
  }

  /**
   * Starts a request once the window has room.
   *
   * @param pooled buffer to give back to the pool when the request has completed, or null
   */
  void submit(Supplier<CompletableFuture<Void>> operation, ByteBuffer pooled) throws IOException {
    while (inFlight.size() >= limit) {
      awaitOldest();
    }
    if (failure != null) {
      pool.give(pooled);
      throw failure;
    }
    inFlight.add(new Request(Futures.start(operation), pooled));
  }

  /** Waits for all requests; throws the first failure. */
  void drain() throws IOException {
    while (!inFlight.isEmpty()) {
      awaitOldest();
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void awaitOldest() {
    Request oldest = inFlight.remove();
    try {
      Futures.await(oldest.future());
    } catch (IOException e) {
      if (failure == null) {
        failure = e;
      }
    }
    pool.give(oldest.pooled());
  }
}
