package org.jclusterfs.core.inode;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Sees when a file is read in order, and what is read in advance then. Thread-safe.
 *
 * <p>Reads in advance end before the inode's lock goes, and before anything of the file changes in
 * memory: whoever changes it waits for them first ({@link #settle}).
 */
final class ReadAhead {
  /** Blocks read ahead at first; each time twice as many. */
  static final int FIRST = 32;

  /** Most blocks read ahead at once. */
  static final int MOST = 512;

  // The kernel sends neighbouring reads at once, and they come in any order.
  private static final int SLACK = 64;

  private final DataCache memory;
  private long next;
  private long readTo;
  private int window;
  private long flyingFrom;
  private long flyingTo;
  private CompletableFuture<Void> flying = CompletableFuture.completedFuture(null);

  /** Blocks of a file, {@code to} excluded. */
  record Range(long from, long to) {}

  ReadAhead(DataCache memory) {
    this.memory = memory;
  }

  /**
   * Notes a read of blocks {@code from} to {@code to} of a file that has {@code end}.
   *
   * @return what to read in advance, for which {@link #started} is to be called; null for nothing
   */
  synchronized Range plan(long from, long to, long end) {
    boolean inOrder = Math.abs(from - next) <= SLACK;
    next = inOrder ? Math.max(next, to) : to;
    if (!inOrder) {
      window = 0;
      readTo = 0;
      return null;
    }
    long first = Math.max(next, readTo);
    if (first >= end || first - next > window / 2 || !flying.isDone()) {
      return null;
    }
    int wanted = window == 0 ? FIRST : Math.min(2 * window, MOST);
    long last = Math.min(first + wanted, end);
    if (!memory.beginAhead(last - first)) {
      return null;
    }
    window = wanted;
    readTo = last;
    return new Range(first, last);
  }

  /** Notes the reads of a range that was planned. */
  synchronized void started(Range range, List<CompletableFuture<Void>> reads) {
    flyingFrom = range.from;
    flyingTo = range.to;
    flying =
        CompletableFuture.allOf(reads.toArray(new CompletableFuture<?>[0]))
            // What failed is read again, and told, when somebody wants it.
            .handle((ok, failure) -> null)
            .thenRun(() -> memory.endAhead(range.to - range.from));
  }

  /** Waits for those blocks of a range that are on their way. */
  void await(long from, long to) {
    CompletableFuture<Void> wanted;
    synchronized (this) {
      if (flying.isDone() || from >= flyingTo || to <= flyingFrom) {
        return;
      }
      wanted = flying;
    }
    wanted.join();
  }

  /** Waits for all that is on its way. */
  void settle() {
    CompletableFuture<Void> all;
    synchronized (this) {
      all = flying;
    }
    all.join();
  }

  synchronized boolean isFlying() {
    return !flying.isDone();
  }

  /** The file's data is dropped: nothing is read ahead any more. */
  synchronized void reset() {
    next = 0;
    readTo = 0;
    window = 0;
  }
}
