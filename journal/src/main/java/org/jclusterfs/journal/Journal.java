package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * Write-ahead log of block images: what a transaction logged is on the device whole or not at all,
 * whatever crashes.
 *
 * <p>Callers change blocks in memory under a {@link Handle}; all handles that are open at a time
 * join one running transaction. {@link #commit} makes it durable in the log; its images stay in
 * memory until they are written in place, which {@link #writeBack}, {@link #checkpoint} and a full
 * log do. Callers' threads do all the work; concurrent callers of {@code commit} share one commit.
 *
 * <p>Lock order: a handle comes last. Its holder must not begin another one, call {@code commit},
 * {@code writeBack} or {@code checkpoint}, nor wait for anything that a thread waiting in one of
 * these holds.
 *
 * <p>Thread-safe. A failed write or flush aborts the journal: see {@link #abort}.
 */
public final class Journal implements AutoCloseable {

  private final JournalState state;
  private final Checkpointer checkpointer;
  private final TransactionManager transactions;

  private Journal(JournalState state, long firstSequence) {
    this.state = state;
    this.checkpointer = new Checkpointer(state);
    this.transactions = new TransactionManager(state, checkpointer, firstSequence);
  }

  /** What one operation adds to the running transaction. Used by one thread. */
  public interface Handle extends AutoCloseable {

    /**
     * Adds a block that this operation changes; its content is taken when the transaction commits.
     * Logging a block again costs nothing. After an abort it does nothing.
     *
     * @throws IllegalStateException if the handle is closed or has used up its blocks
     */
    void log(BlockImage block);

    /**
     * Notes that the block left the metadata class: no image of it logged so far, in this
     * transaction or earlier, is written in place or replayed once this transaction is committed.
     * Counts as one block of the handle.
     */
    void revoke(long address);

    /**
     * File data that must be durable before this transaction can be replayed: its blocks become
     * reachable by it.
     */
    void ordered(OrderedData data);

    /**
     * File data that overwrites what was reachable before: it is written with the transaction, in
     * any order, and durable when the commit ends.
     */
    void accompany(OrderedData data);

    /** Sequence of the transaction, for {@link Journal#commit}. */
    long sequence();

    /** Leaves the transaction; never waits. */
    @Override
    void close();
  }

  /**
   * Writes the headers of a clean, empty journal and flushes them; the rest of the log area may
   * hold anything.
   *
   * @param volume UUID of the volume
   * @param slot node slot that the journal belongs to
   * @throws IOException if the device fails or the log is shorter than 256 blocks
   */
  public static void format(LogDevice log, UUID volume, int slot) throws IOException {
    LogGeometry geometry = LogGeometry.of(log, volume, slot);
    // What an earlier journal of the same volume left in the ring must not be taken for new.
    long incarnation = new SecureRandom().nextLong() >>> 1;
    JournalHeader clean = new JournalHeader(1, false, LogGeometry.HEADER_BLOCKS, 0, 1, incarnation);
    clean.next(false, LogGeometry.HEADER_BLOCKS, 0, 1, incarnation).write(log, geometry);
    clean.write(log, geometry);
    Futures.await(Futures.start(log::flush));
  }

  /**
   * Whether a log area holds a sound header of that volume's and slot's journal of its length, or
   * that of a newer format.
   */
  public static boolean isFormatted(LogDevice log, UUID volume, int slot) throws IOException {
    try {
      JournalHeader.read(log, LogGeometry.of(log, volume, slot));
      return true;
    } catch (JournalFormatException e) {
      return e.isUnsupported();
    }
  }

  /**
   * Opens a clean journal and marks it in use, durably.
   *
   * @throws JournalFormatException if there is no such journal, or it needs recovery first
   */
  public static Journal open(LogDevice log, UUID volume, int slot, JournalOptions options)
      throws IOException {
    LogGeometry geometry = LogGeometry.of(log, volume, slot);
    JournalHeader found = JournalHeader.read(log, geometry);
    if (found.inUse()) {
      throw new JournalFormatException(
          "the journal of slot " + slot + " was not closed cleanly: it has to be recovered first");
    }
    JournalState state = new JournalState(log, geometry, options);
    state.head = found.tailBlock() - LogGeometry.HEADER_BLOCKS;
    state.reusableUpTo = state.head;
    state.lastLogged = found.tailSequence();
    state.header = found;
    // Both copies, so that a damaged one never makes a journal in use look clean.
    for (int copy = 0; copy < LogGeometry.HEADER_BLOCKS; copy++) {
      state.header =
          state.header.next(
              true,
              found.tailBlock(),
              found.tailSequence(),
              found.nextSequence(),
              found.incarnation() + 1);
      state.header.write(log, geometry);
    }
    state.flush();
    return new Journal(state, found.nextSequence());
  }

  /**
   * Reads what is committed in a journal, and writes nothing.
   *
   * @throws JournalFormatException if there is no such journal
   */
  public static RecoveredLog recover(LogDevice log, UUID volume, int slot, BlockInspector inspector)
      throws IOException {
    return recover(log, volume, slot, JournalOptions.defaults().withInspector(inspector));
  }

  /**
   * As {@link #recover(LogDevice, UUID, int, BlockInspector)}; of the options, the inspector is
   * needed and used.
   */
  public static RecoveredLog recover(LogDevice log, UUID volume, int slot, JournalOptions options)
      throws IOException {
    LogGeometry geometry = LogGeometry.of(log, volume, slot);
    JournalHeader header = JournalHeader.read(log, geometry);
    LogScanner scanner = new LogScanner(log, geometry, header, options);
    if (header.inUse()) {
      scanner.scan();
    }
    return new RecoveredLog(log, geometry, header, options, scanner);
  }

  /**
   * Joins the running transaction; waits while it is being snapshot, and, by committing or
   * checkpointing, until the log has room.
   *
   * @param maxBlocks bound of distinct blocks that the operation logs or revokes, at most {@link
   *     #maxTransactionBlocks()}
   * @throws IllegalArgumentException if that is too many: the operation has to be split
   * @throws IllegalStateException if the calling thread has a handle open already
   * @throws JournalAbortedException after an abort
   */
  public Handle begin(int maxBlocks) throws IOException {
    return transactions.begin(maxBlocks);
  }

  /** The largest bound that {@link #begin} accepts, in blocks: about a quarter of the log. */
  public int maxTransactionBlocks() {
    return transactions.maxTransactionBlocks();
  }

  /** Sequence of the running transaction. */
  public long runningSequence() {
    return transactions.runningSequence();
  }

  /** Sequence of the last transaction that is durable. */
  public long committedSequence() {
    return transactions.committedSequence();
  }

  /** Returns when the transaction is durable; concurrent callers share one commit. */
  public void commit(long sequence) throws IOException {
    transactions.commit(sequence);
  }

  /** Commits the running transaction, if it has anything to commit. */
  public void commitAll() throws IOException {
    transactions.commitAll();
  }

  /**
   * Brings everything under a lock home: commits if a transaction logged blocks under it, then
   * writes all committed images under it in place, and returns when these writes are acknowledged
   * (not flushed: until they are, the log has them, and that is durable). Then another node may
   * have the lock and rely on what it finds. The caller sees to it that nothing more is logged
   * under the lock meanwhile.
   */
  public void writeBack(LockTag tag) throws IOException {
    transactions.commitUnder(tag);
    if (!state.options.leavesOut(Fault.HANDOVER_WRITE)) {
      checkpointer.writeBack(tag);
    }
  }

  /** Commits and writes all images in place that are committed then; not flushed. */
  public void writeBackAll() throws IOException {
    transactions.commitAll();
    checkpointer.writeBackAll();
  }

  /** Whether nothing under the lock is logged in memory or committed without being in place. */
  public boolean isWrittenBack(LockTag tag) {
    state.lock.lock();
    try {
      boolean inPlace = !state.pending.has(tag) || state.options.leavesOut(Fault.HANDOVER_WRITE);
      return !transactions.hasUncommitted(tag) && inPlace;
    } finally {
      state.lock.unlock();
    }
  }

  /**
   * Copies the committed image of a block that is not in place yet; its home is older then, so a
   * cache that dropped the block has to take it from here.
   *
   * @return false if there is none: the home block is the newest committed one
   */
  public boolean readPending(long address, ByteBuffer dst) {
    state.lock.lock();
    try {
      PendingImage image = state.pending.get(address);
      if (image != null) {
        dst.put(image.content());
      }
      return image != null;
    } finally {
      state.lock.unlock();
    }
  }

  /** Commits, writes all in place, flushes and advances the tail of the log. */
  public void checkpoint() throws IOException {
    writeBackAll();
    checkpointer.advanceTail();
  }

  /**
   * Withdraws: every later or waiting call fails with {@link JournalAbortedException}, no further
   * write is begun, and the journal stays dirty for recovery. The first cause stands.
   */
  public void abort(IOException cause) {
    state.abort(cause);
  }

  /** Whether the journal was aborted, by {@link #abort} or by a failure of the device. */
  public boolean isAborted() {
    return state.aborted;
  }

  /** Checkpoints and marks the journal clean, durably; after an abort it only stops. */
  @Override
  public void close() throws IOException {
    transactions.refuseOpenHandle("close the journal");
    if (!transactions.shut() || state.aborted) {
      return;
    }
    writeBackAll();
    checkpointer.markClean(transactions.runningSequence());
  }

  /** Counters since the journal was opened. */
  public JournalStatistics statistics() {
    state.lock.lock();
    try {
      return state.counters.snapshot(
          state.pending.size(), state.head - state.reusableUpTo, state.geometry.ringBlocks());
    } finally {
      state.lock.unlock();
    }
  }
}
