package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
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

  private Journal() {}

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

    /** File data that must be on the device before this transaction commits. */
    void ordered(OrderedData data);

    /** Sequence of the transaction, for {@link Journal#commit}. */
    long sequence();

    /** Leaves the transaction; never waits. */
    @Override
    void close();
  }

  /**
   * Writes a clean, empty journal over the whole log area and flushes it.
   *
   * @param volume UUID of the volume
   * @param slot node slot that the journal belongs to
   * @throws IOException if the device fails or the log is shorter than 256 blocks
   */
  public static void format(LogDevice log, UUID volume, int slot) throws IOException {
    throw new UnsupportedOperationException("format is not implemented yet");
  }

  /**
   * Opens a clean journal and marks it in use, durably.
   *
   * @throws JournalFormatException if there is no such journal, or it needs recovery first
   */
  public static Journal open(LogDevice log, UUID volume, int slot, JournalOptions options)
      throws IOException {
    throw new UnsupportedOperationException("open is not implemented yet");
  }

  /**
   * Reads what is committed in a journal, and writes nothing.
   *
   * @throws JournalFormatException if there is no such journal
   */
  public static RecoveredLog recover(LogDevice log, UUID volume, int slot, BlockInspector inspector)
      throws IOException {
    throw new UnsupportedOperationException("recover is not implemented yet");
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
    throw new UnsupportedOperationException("begin is not implemented yet");
  }

  /** The largest bound that {@link #begin} accepts, in blocks: about a quarter of the log. */
  public int maxTransactionBlocks() {
    return 0;
  }

  /** Sequence of the running transaction. */
  public long runningSequence() {
    return 0;
  }

  /** Sequence of the last transaction that is durable. */
  public long committedSequence() {
    return 0;
  }

  /**
   * Notes that transactions from now on may rely on what another node wrote but perhaps did not
   * flush: call it at each lock grant that came from another node. The next commit then begins with
   * a flush; without it (and without ordered data) that flush is saved.
   */
  public void noteExternalDependency() {}

  /** Returns when the transaction is durable; concurrent callers share one commit. */
  public void commit(long sequence) throws IOException {
    throw new UnsupportedOperationException("commit is not implemented yet");
  }

  /** Commits the running transaction, if it has anything to commit. */
  public void commitAll() throws IOException {
    throw new UnsupportedOperationException("commitAll is not implemented yet");
  }

  /**
   * Brings everything under a lock home: commits if a transaction logged blocks under it, then
   * writes all committed images under it in place, and returns when these writes are acknowledged
   * (not flushed). The caller sees to it that nothing more is logged under the lock meanwhile.
   */
  public void writeBack(LockTag tag) throws IOException {
    throw new UnsupportedOperationException("writeBack is not implemented yet");
  }

  /** Commits and writes all images in place that are committed then; not flushed. */
  public void writeBackAll() throws IOException {
    throw new UnsupportedOperationException("writeBackAll is not implemented yet");
  }

  /** Whether nothing under the lock is logged in memory or committed without being in place. */
  public boolean isWrittenBack(LockTag tag) {
    return true;
  }

  /**
   * Copies the committed image of a block that is not in place yet; its home is older then, so a
   * cache that dropped the block has to take it from here.
   *
   * @return false if there is none: the home block is the newest committed one
   */
  public boolean readPending(long address, ByteBuffer dst) {
    return false;
  }

  /** Commits, writes all in place, flushes and advances the tail of the log. */
  public void checkpoint() throws IOException {
    throw new UnsupportedOperationException("checkpoint is not implemented yet");
  }

  /**
   * Withdraws: every later or waiting call fails with {@link JournalAbortedException}, no further
   * write is begun, and the journal stays dirty for recovery. The first cause stands.
   */
  public void abort(IOException cause) {}

  /** Checkpoints and marks the journal clean, durably; after an abort it only stops. */
  @Override
  public void close() throws IOException {}

  /** Counters since the journal was opened. */
  public JournalStatistics statistics() {
    throw new UnsupportedOperationException("statistics is not implemented yet");
  }
}
