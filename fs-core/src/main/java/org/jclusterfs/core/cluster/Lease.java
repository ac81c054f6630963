package org.jclusterfs.core.cluster;

import org.jclusterfs.core.device.WriteGate;

/**
 * This node's right to write: it ends 2T/3 after the submission of the last heartbeat that
 * completed, before anybody may take the node for dead, and for ever when the node withdraws.
 * Thread-safe.
 */
final class Lease implements WriteGate {

  private volatile long deadline;
  private volatile boolean closed;

  /** A lease that begins now. */
  Lease(int thresholdMillis) {
    renew(BootClock.nanoTime(), thresholdMillis);
  }

  /** A heartbeat that was submitted at that time is on the disk. */
  void renew(long submittedAt, int thresholdMillis) {
    extendTo(submittedAt + thresholdMillis * 1_000_000L / 3 * 2);
  }

  /** Sets when the right to write ends; an expired lease does not come back. */
  synchronized void extendTo(long newDeadline) {
    if (mayWrite() || deadline == 0) {
      deadline = newDeadline;
    }
  }

  /** Ends it for ever. */
  void close() {
    closed = true;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public boolean mayWrite() {
    return !closed && BootClock.nanoTime() - deadline < 0;
  }
}
