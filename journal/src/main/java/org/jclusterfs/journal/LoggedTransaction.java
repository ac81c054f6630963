package org.jclusterfs.journal;

/** A committed transaction whose log blocks are still needed. Guarded by the journal's lock. */
final class LoggedTransaction {

  private final long sequence;
  private final long end;
  private int pending;

  /**
   * @param end ring position behind its last block
   */
  LoggedTransaction(long sequence, long end) {
    this.sequence = sequence;
    this.end = end;
  }

  long sequence() {
    return sequence;
  }

  long end() {
    return end;
  }

  /** Images of it that are neither in place nor superseded. */
  int pending() {
    return pending;
  }

  void addPending(int change) {
    pending += change;
  }
}
