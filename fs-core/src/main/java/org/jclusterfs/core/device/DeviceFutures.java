package org.jclusterfs.core.device;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Waits for device operations from threads that may block. */
public final class DeviceFutures {
  private DeviceFutures() {}

  /**
   * Waits for an operation and returns its result.
   *
   * @throws IOException the failure of the operation itself, or that the wait was interrupted
   */
  public static <T> T await(CompletableFuture<T> operation) throws IOException {
    try {
      return operation.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        // Rethrown as it is: callers tell FencedException from the rest by its type.
        throw failure;
      }
      throw new IOException("device operation failed: " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the device");
    }
  }
}
