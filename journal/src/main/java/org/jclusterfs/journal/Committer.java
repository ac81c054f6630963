package org.jclusterfs.journal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Makes one transaction at a time durable. Called by the thread that leads the commit, outside of
 * the lock.
 *
 * <p>What the device is waited for, one behind the other:
 *
 * <ul>
 *   <li>a transaction with ordered data: the data, a flush, the log written durably;
 *   <li>one that overwrites data in place at most: data and log together, a flush;
 *   <li>one without data: the log written durably.
 * </ul>
 *
 * <p>The log of a large transaction is several requests and made durable by a flush instead.
 */
final class Committer {

  private final JournalState state;

  Committer(JournalState state) {
    this.state = state;
  }

  /** Writes the transaction and takes its images over as pending ones. */
  void write(Transaction transaction, List<PendingImage> images) throws IOException {
    state.check();
    List<CompletableFuture<Void>> accompanying = start(transaction.accompanying());
    JournalState.Flush before = null;
    if (!transaction.ordered().isEmpty()) {
      if (!state.options.leavesOut(Fault.ORDERED_DATA)) {
        Futures.awaitAll(start(transaction.ordered()));
      }
      Futures.awaitAll(accompanying);
      accompanying = List.of();
      before = state.options.leavesOut(Fault.ORDERED_FLUSH) ? null : state.startFlush();
    }
    if (transaction.entries() == 0) {
      finishDataOnly(accompanying, before);
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
    boolean leaveVolatile =
        state.options.leavesOut(Fault.COMMIT_FLUSH)
            || transaction.isWantedElsewhere() && state.options.leavesOut(Fault.HANDOVER_COMMIT);
    Collection<Long> revokes =
        state.options.leavesOut(Fault.REVOKE) ? List.of() : transaction.revokes();
    int blocks;
    try {
      blocks = writer.write(images, revokes, accompanying.isEmpty() && !leaveVolatile);
    } finally {
      // Whatever becomes of the log: nothing stays in flight behind the caller's back.
      Futures.awaitAll(accompanying);
    }
    if (before != null) {
      before.await();
    }
    if (!writer.durable() && !leaveVolatile) {
      state.flush();
    }
    install(transaction, images, start + blocks, writer);
  }

  private void finishDataOnly(List<CompletableFuture<Void>> accompanying, JournalState.Flush before)
      throws IOException {
    if (before != null) {
      before.await();
    } else {
      Futures.awaitAll(accompanying);
      state.flush();
    }
  }

  private static List<CompletableFuture<Void>> start(Collection<OrderedData> all) {
    List<CompletableFuture<Void>> writes = new ArrayList<>(all.size());
    for (OrderedData data : all) {
      writes.add(Futures.start(data::writeOut));
    }
    return writes;
  }

  private void install(
      Transaction transaction, List<PendingImage> images, long end, TransactionWriter writer)
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
      state.counters.compressedImages += writer.compressedImages();
      state.counters.durableWrites += writer.durable() ? 1 : 0;
      state.head = end;
      state.lastLogged = transaction.sequence();
    } finally {
      state.lock.unlock();
    }
  }
}
