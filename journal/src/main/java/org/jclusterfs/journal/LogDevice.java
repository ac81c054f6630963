package org.jclusterfs.journal;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * The storage under one journal: the log area of one slot, and the home locations of the blocks
 * that it logs.
 *
 * <p>All operations are asynchronous and may complete in any order; a buffer handed over is frozen
 * until its future completes. Writes are volatile until a {@link #flush()} that was begun after
 * they completed has itself completed, unless they are {@linkplain #writeLogDurably durable}. A
 * failed operation completes its future exceptionally with an {@link java.io.IOException}.
 * Implementations are thread-safe.
 */
public interface LogDevice {

  /** Block size in bytes, of log and home blocks alike. */
  int blockSize();

  /** Length of the log area in blocks. */
  long logBlocks();

  /** Reads {@code dst.remaining()} bytes (a multiple of the block size) from a log block on. */
  CompletableFuture<Void> readLog(long logBlock, ByteBuffer dst);

  /** Writes {@code src.remaining()} bytes (a multiple of the block size) from a log block on. */
  CompletableFuture<Void> writeLog(long logBlock, ByteBuffer src);

  /**
   * As {@link #writeLog}, and complete only when these blocks are durable; whatever else was
   * written stays as volatile as it is.
   */
  default CompletableFuture<Void> writeLogDurably(long logBlock, ByteBuffer src) {
    return writeLog(logBlock, src).thenCompose(written -> flush());
  }

  /** Reads whole home blocks from volume block {@code address} on. */
  CompletableFuture<Void> readHome(long address, ByteBuffer dst);

  /** Writes whole home blocks from volume block {@code address} on. */
  CompletableFuture<Void> writeHome(long address, ByteBuffer src);

  /** Makes every write durable that completed before this call, whoever issued it. */
  CompletableFuture<Void> flush();
}
