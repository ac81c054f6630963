package org.jclusterfs.journal;

import java.io.IOException;
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

  static IOException asIoException(Throwable cause) {
    if (cause instanceof CompletionException && cause.getCause() != null) {
      return asIoException(cause.getCause());
    }
    return cause instanceof IOException io ? io : new IOException(cause.toString(), cause);
  }
}
