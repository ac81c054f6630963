package org.jclusterfs.journal;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Waiting for device operations, with every kind of failure as an {@link IOException}. */
final class Futures {

  private Futures() {}

  /** Starts an operation; one that throws instead of failing its future fails it here. */
  static CompletableFuture<Void> start(Supplier<CompletableFuture<Void>> operation) {
    try {
      return operation.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Waits uninterruptibly: a buffer must not be given up while the device may still use it. */
  static void await(CompletableFuture<Void> future) throws IOException {
    try {
      future.join();
    } catch (CompletionException e) {
      throw asIoException(e.getCause());
    } catch (RuntimeException e) {
      throw asIoException(e);
    }
  }

  /** Waits for all; throws the first failure. */
  static void awaitAll(List<CompletableFuture<Void>> futures) throws IOException {
    IOException failure = null;
    for (CompletableFuture<Void> future : futures) {
      try {
        await(future);
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  static IOException asIoException(Throwable cause) {
    if (cause instanceof CompletionException && cause.getCause() != null) {
      return asIoException(cause.getCause());
    }
    return cause instanceof IOException io ? io : new IOException(cause.toString(), cause);
  }
}
