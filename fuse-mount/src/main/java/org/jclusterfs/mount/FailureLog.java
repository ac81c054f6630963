package org.jclusterfs.mount;

/**
 * Logs failures that come in crowds, as from a node that has withdrawn: one line per interval, with
 * the number of those passed over. Stack traces go to the debug log. Thread-safe.
 */
public final class FailureLog {
  private static final long INTERVAL_NANOS = 10_000_000_000L;

  private final System.Logger log;
  private long next = System.nanoTime();
  private long passedOver;

  /** Logs to {@code log}. */
  public FailureLog(System.Logger log) {
    this.log = log;
  }

  /** Logs a failure, or counts it. */
  public void log(String message, Throwable cause) {
    log.log(System.Logger.Level.DEBUG, message, cause);
    String passed;
    synchronized (this) {
      if (System.nanoTime() - next < 0) {
        passedOver++;
        return;
      }
      next = System.nanoTime() + INTERVAL_NANOS;
      passed = passedOver == 0 ? "" : " (and " + passedOver + " failures before it)";
      passedOver = 0;
    }
    log.log(System.Logger.Level.ERROR, message + passed);
  }
}
