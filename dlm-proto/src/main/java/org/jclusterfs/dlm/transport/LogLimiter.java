package org.jclusterfs.dlm.transport;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Lets one line per minute pass and counts the others. Not thread-safe. */
final class LogLimiter {
  private static final System.Logger LOG = System.getLogger(ClusterTransport.class.getName());
  private static final long INTERVAL = TimeUnit.MINUTES.toNanos(1);

  private final LongSupplier clock;
  private boolean any;
  private long last;
  private long suppressed;
  private long lines;

  LogLimiter(LongSupplier clock) {
    this.clock = clock;
  }

  void warn(String line) {
    long now = clock.getAsLong();
    if (any && now - last < INTERVAL) {
      suppressed++;
      return;
    }
    any = true;
    last = now;
    lines++;
    LOG.log(
        System.Logger.Level.WARNING,
        suppressed == 0 ? line : line + " (and " + suppressed + " more in the last minutes)");
    suppressed = 0;
  }

  long lines() {
    return lines;
  }
}
