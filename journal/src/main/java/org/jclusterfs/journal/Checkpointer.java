package org.jclusterfs.journal;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Brings committed images home and moves the tail of the log behind those that are there. The order
 * that makes it safe: the image is durable in the log, its write in place, a flush, the header with
 * the new tail written durably, reuse of the log blocks.
 */
final class Checkpointer {

  private final JournalState state;
  private final HomeBlocks homeBlocks;
  private boolean advancing;
  private boolean makingRoom;

  Checkpointer(JournalState state) {
    this.state = state;
    this.homeBlocks = new HomeBlocks(state.device, state.pool, state.options.homeWritesInFlight());
  }

  void writeBack(LockTag lock) throws IOException {
    writeHome(() -> state.pending.under(lock));
  }

  /** Brings everything home that is committed now. */
  void writeBackAll() throws IOException {
    writeHome(() -> state.pending.loggedUpTo(state.head));
  }

  /**
   * Writes the selected images in place and returns when they, or newer ones of these blocks, are
   * acknowledged or revoked.
   */
  private void writeHome(Supplier<List<PendingImage>> selection) throws IOException {
    List<PendingImage> wanted;
    state.lock.lock();
    try {
      wanted = selection.get();
    } finally {
      state.lock.unlock();
    }
    while (true) {
      List<PendingImage> claimed = claimOrWait(wanted);
      if (claimed.isEmpty()) {
        return;
      }
      writeClaimed(claimed);
    }
  }

  /** Claims what is left to write; waits while others write it; empty when nothing is left. */
  private List<PendingImage> claimOrWait(Collection<PendingImage> wanted) throws IOException {
    state.lock.lock();
    try {
      while (true) {
        state.check();
        List<PendingImage> left = state.pending.stillPending(wanted);
        if (left.isEmpty()) {
          return left;
        }
        List<PendingImage> claimed = state.pending.claim(left);
        if (!claimed.isEmpty()) {
          return claimed;
        }
        state.changed.awaitUninterruptibly();
      }
    } finally {
      state.lock.unlock();
    }
  }

  private void writeClaimed(List<PendingImage> claimed) throws IOException {
    boolean inPlace = false;
    long requests = 0;
    try {
      requests = homeBlocks.write(claimed, state::check);
      inPlace = true;
    } catch (IOException e) {
      throw state.failed(e);
    } finally {
      state.lock.lock();
      try {
        state.pending.release(claimed, inPlace);
        state.noteHomeWrites();
        state.counters.homeBlocksWritten += claimed.size();
        state.counters.homeRequests += requests;
        state.changed.signalAll();
      } finally {
        state.lock.unlock();
      }
    }
  }

  /**
   * Moves the tail behind the transactions that are completely in place, durably: their log blocks
   * become reusable.
   */
  void advanceTail() throws IOException {
    state.lock.lock();
    try {
      while (advancing && !state.aborted) {
        state.changed.awaitUninterruptibly();
      }
      state.check();
      advancing = true;
    } finally {
      state.lock.unlock();
    }
    try {
      advanceTailAlone();
    } catch (IOException e) {
      throw state.failed(e);
    } finally {
      state.lock.lock();
      advancing = false;
      state.changed.signalAll();
      state.lock.unlock();
    }
  }

  private void advanceTailAlone() throws IOException {
    LoggedTransaction last = null;
    boolean flushNeeded;
    state.lock.lock();
    try {
      for (LoggedTransaction transaction : state.logged) {
        if (transaction.pending() > 0) {
          break;
        }
        last = transaction;
      }
      flushNeeded = state.hasUnflushedHomeWrites();
    } finally {
      state.lock.unlock();
    }
    if (last == null) {
      return;
    }
    if (flushNeeded && !state.options.leavesOut(Fault.TAIL_FLUSH)) {
      state.flush();
    }
    state.check();
    JournalHeader next =
        state.header.next(
            true,
            state.geometry.logBlock(last.end()),
            last.sequence(),
            last.sequence() + 1,
            state.header.incarnation());
    next.writeDurably(state.device, state.geometry);
    state.lock.lock();
    try {
      state.header = next;
      state.reusableUpTo = last.end();
      state.counters.durableWrites++;
      state.counters.checkpoints++;
      while (!state.logged.isEmpty() && state.logged.peek().end() <= last.end()) {
        state.logged.remove();
      }
    } finally {
      state.lock.unlock();
    }
  }

  /**
   * Makes log blocks reusable: of the oldest half of the log, or of the oldest transaction at
   * least. One thread does it, others wait for it; the caller looks again whether that is enough.
   *
   * @param stillShort asked under the lock: whether room is still missing
   */
  void makeRoom(BooleanSupplier stillShort) throws IOException {
    long upTo;
    state.lock.lock();
    try {
      state.check();
      if (!stillShort.getAsBoolean()) {
        return;
      }
      if (makingRoom || state.logged.isEmpty()) {
        // Another maker of room or the transaction that is being committed will change that.
        state.changed.awaitUninterruptibly();
        return;
      }
      makingRoom = true;
      upTo = Math.max((state.reusableUpTo + state.head) / 2, state.logged.peek().end());
    } finally {
      state.lock.unlock();
    }
    long limit = upTo;
    try {
      writeHome(() -> state.pending.loggedUpTo(limit));
      advanceTail();
    } catch (IOException e) {
      throw state.failed(e);
    } finally {
      state.lock.lock();
      makingRoom = false;
      state.changed.signalAll();
      state.lock.unlock();
    }
  }

  /**
   * Marks the journal clean, durably. Everything is in place, and nobody else uses the journal.
   *
   * @param nextSequence sequence that the next use of the journal begins with
   */
  void markClean(long nextSequence) throws IOException {
    try {
      state.flush();
      state.check();
      JournalHeader clean =
          state.header.next(
              false,
              state.geometry.logBlock(state.head),
              state.lastLogged,
              nextSequence,
              state.header.incarnation());
      clean.writeDurably(state.device, state.geometry);
      state.header = clean;
    } catch (IOException e) {
      throw state.failed(e);
    }
  }
}
