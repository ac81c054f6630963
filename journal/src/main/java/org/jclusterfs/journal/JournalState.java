package org.jclusterfs.journal;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the parts of an open journal share: its lock, the device under it, how far the log is
 * filled, what flushes have covered, and whether the journal is aborted. Fields are guarded by
 * {@link #lock} unless final or said otherwise.
 */
final class JournalState {

  /** Bytes of one large request: 64 blocks of 4 KiB. */
  static final int CHUNK_BYTES = 256 * 1024;

  final ReentrantLock lock = new ReentrantLock();

  /** Signalled whenever anything that somebody may wait for has changed. */
  final Condition changed = lock.newCondition();

  final LogDevice device;
  final LogGeometry geometry;
  final JournalOptions options;
  final BufferPool pool;
  final Counters counters = new Counters();
  final PendingImages pending = new PendingImages();

  /** Committed transactions whose log blocks are still needed, oldest first. */
  final ArrayDeque<LoggedTransaction> logged = new ArrayDeque<>();

  /** Ring position where the next transaction goes. */
  long head;

  /** Ring position up to which the log may be overwritten: the tail that is durable. */
  long reusableUpTo;

  /** Sequence of the last transaction in the log. */
  long lastLogged;

  JournalHeader header;
  volatile boolean aborted;

  private IOException failure;
  private long homeWrites;
  private long homeWritesFlushed;

  JournalState(LogDevice device, LogGeometry geometry, JournalOptions options) {
    this.device = device;
    this.geometry = geometry;
    this.options = options;
    this.pool = new BufferPool(Math.max(CHUNK_BYTES, geometry.blockSize()));
  }

  /** Throws if the journal is aborted. */
  void check() throws JournalAbortedException {
    if (aborted) {
      lock.lock();
      try {
        throw new JournalAbortedException(failure);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Aborts the journal; the first cause stands. */
  void abort(IOException cause) {
    lock.lock();
    try {
      if (failure == null) {
        failure = cause;
        aborted = true;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Aborts the journal because of a failure, and returns what the caller has to throw. */
  JournalAbortedException failed(Throwable cause) {
    if (cause instanceof JournalAbortedException already) {
      return already;
    }
    abort(Futures.asIoException(cause));
    try {
      check();
    } catch (JournalAbortedException e) {
      return e;
    }
    throw new AssertionError("an aborted journal passes its check");
  }

  void noteHomeWrites() {
    homeWrites++;
  }

  boolean hasUnflushedHomeWrites() {
    return homeWrites > homeWritesFlushed;
  }

  /** A flush under way; {@link #await} must follow. */
  final class Flush {

    private final CompletableFuture<Void> future;
    private final long homeWritesCovered;

    private Flush() throws JournalAbortedException {
      lock.lock();
      try {
        homeWritesCovered = homeWrites;
        counters.flushes++;
      } finally {
        lock.unlock();
      }
      check();
      future = Futures.start(device::flush);
    }

    CompletableFuture<Void> future() {
      return future;
    }

    /** Waits for it and takes note of what it made durable. */
    void await() throws IOException {
      Futures.await(future);
      lock.lock();
      try {
        homeWritesFlushed = Math.max(homeWritesFlushed, homeWritesCovered);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Begins a flush of everything that is acknowledged by now. */
  Flush startFlush() throws JournalAbortedException {
    return new Flush();
  }

  void flush() throws IOException {
    startFlush().await();
  }
}
