package org.jclusterfs.journal;

import java.util.EnumSet;
import java.util.Set;

/**
 * How a journal works, as opposed to what it is. Immutable.
 *
 * @param compress whether images are stored compressed by LZ4 where that makes them smaller
 * @param maxTransactionBlocks upper bound of blocks (images and revokes together) in one
 *     transaction; a quarter of the log bounds it too
 * @param maxPendingBlocks upper bound of committed images held in memory until they are in place;
 *     the length of the log bounds it too; at least three transactions are always permitted
 * @param homeWritesInFlight in-place write requests that one caller keeps in flight, at least 1
 * @param gatherNanos longest time that a commit is put off for others that will most likely want
 *     one too, in nanoseconds; 0: never
 * @param inspector checks each image before it is logged and supplies the version stored with it;
 *     null: images are not checked and their versions are not stored
 * @param faults what a test has the journal leave out; empty otherwise
 */
public record JournalOptions(
    boolean compress,
    int maxTransactionBlocks,
    int maxPendingBlocks,
    int homeWritesInFlight,
    long gatherNanos,
    BlockInspector inspector,
    Set<Fault> faults) {

  /** Refuses bounds below 1. */
  public JournalOptions {
    if (maxTransactionBlocks < 1 || maxPendingBlocks < 1 || homeWritesInFlight < 1) {
      throw new IllegalArgumentException("bounds of a journal must be at least 1");
    }
    faults = Set.copyOf(faults);
  }

  /** Compression on, 4096 blocks a transaction, 16384 pending, 128 in-place writes in flight. */
  public static JournalOptions defaults() {
    return new JournalOptions(true, 4096, 16384, 128, 300_000, null, Set.of());
  }

  /** These options with LZ4 on or off. */
  public JournalOptions withCompress(boolean on) {
    return new JournalOptions(
        on,
        maxTransactionBlocks,
        maxPendingBlocks,
        homeWritesInFlight,
        gatherNanos,
        inspector,
        faults);
  }

  /** These options with another bound of a transaction, in blocks. */
  public JournalOptions withMaxTransactionBlocks(int blocks) {
    return new JournalOptions(
        compress, blocks, maxPendingBlocks, homeWritesInFlight, gatherNanos, inspector, faults);
  }

  /** These options with another bound of pending images, in blocks. */
  public JournalOptions withMaxPendingBlocks(int blocks) {
    return new JournalOptions(
        compress, maxTransactionBlocks, blocks, homeWritesInFlight, gatherNanos, inspector, faults);
  }

  /** These options with another bound on how long a commit is put off, in nanoseconds. */
  public JournalOptions withGatherNanos(long nanos) {
    return new JournalOptions(
        compress,
        maxTransactionBlocks,
        maxPendingBlocks,
        homeWritesInFlight,
        nanos,
        inspector,
        faults);
  }

  /** These options with an inspector that checks each image before it is logged. */
  public JournalOptions withInspector(BlockInspector checker) {
    return new JournalOptions(
        compress,
        maxTransactionBlocks,
        maxPendingBlocks,
        homeWritesInFlight,
        gatherNanos,
        checker,
        faults);
  }

  /** These options with a fault planted: for tests, which alone can reach this. */
  JournalOptions leavingOut(Fault fault) {
    EnumSet<Fault> more = EnumSet.of(fault);
    more.addAll(faults);
    return new JournalOptions(
        compress,
        maxTransactionBlocks,
        maxPendingBlocks,
        homeWritesInFlight,
        gatherNanos,
        inspector,
        more);
  }

  /** Whether a test wants something left out. */
  public boolean leavesOut(Fault fault) {
    return faults.contains(fault);
  }
}
