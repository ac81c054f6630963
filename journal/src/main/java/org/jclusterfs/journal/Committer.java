package org.jclusterfs.journal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Makes one transaction at a time durable: ordered data, the flush that the transaction relies on,
 * the log, the flush that commits it. Called by the thread that leads the commit, outside of the
 * lock.
 */
final class Committer {

  private final JournalState state;

  Committer(JournalState state) {
    this.state = state;
  }

  /**
   * Writes the transaction and takes its images over as pending ones.
   *
   * @param dependent whether it may rely on other nodes' writes that are not known to be durable
   */
  void write(Transaction transaction, List<PendingImage> images, boolean dependent)
      throws IOException {
    boolean orderedData = writeOrdered(transaction.ordered());
    JournalState.Flush before = orderedData || dependent ? state.startFlush() : null;
    if (transaction.entries() == 0) {
      if (before != null) {
        before.await();
      }
      return;
    }
    long start;
    TransactionId id;
    state.lock.lock();
    try {
      start = state.head;
      id = new TransactionId(transaction.sequence(), state.lastLogged, state.header.incarnation());
    } finally {
      state.lock.unlock();
    }
    TransactionWriter writer =
        new TransactionWriter(
            state.device,
            state.geometry,
            state.pool,
            id,
            start,
            state.options.compress(),
            before == null ? null : before.future(),
            state::check);
    int blocks = writer.write(images, transaction.revokes());
    if (before != null) {
      before.await();
    }
    state.flush();
    install(transaction, images, start + blocks, writer.compressedImages());
  }

  /** Starts all ordered writes, then waits for them; returns whether there were any. */
  private boolean writeOrdered(Collection<OrderedData> ordered) throws IOException {
    state.check();
    List<CompletableFuture<Void>> writes = new ArrayList<>(ordered.size());
    for (OrderedData data : ordered) {
      writes.add(Futures.start(data::writeOut));
    }
    IOException failure = null;
    for (CompletableFuture<Void> write : writes) {
      try {
        Futures.await(write);
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
    return !writes.isEmpty();
  }

  private void install(
      Transaction transaction, List<PendingImage> images, long end, int compressedImages)
      throws IOException {
    Collection<Long> revokes = transaction.revokes();
    state.lock.lock();
    try {
      while (state.pending.anyBeingWritten(revokes)) {
        // The block may be put to another use as soon as the revoke stands, so no old image of it
        // may still be under way.
        state.check();
        state.changed.awaitUninterruptibly();
      }
      for (long address : revokes) {
        state.pending.drop(address);
      }
      LoggedTransaction logged = new LoggedTransaction(transaction.sequence(), end);
      state.logged.add(logged);
      for (PendingImage image : images) {
        if (state.pending.install(image, logged)) {
          state.counters.supersededImages++;
        }
      }
      state.counters.commits++;
      state.counters.imagesLogged += images.size();
      state.counters.revokesLogged += revokes.size();
      state.counters.logBlocksWritten += end - state.head;
      state.counters.compressedImages += compressedImages;
      state.head = end;
      state.lastLogged = transaction.sequence();
    } finally {
      state.lock.unlock();
    }
  }
}
