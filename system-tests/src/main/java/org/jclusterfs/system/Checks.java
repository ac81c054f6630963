package org.jclusterfs.system;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What a campaign demands of its nodes; a demand that is not met ends it, and says where it was.
 */
final class Checks {

  private final Supplier<String> where;

  /**
   * Makes them.
   *
   * @param where round, seed and device, for the messages
   */
  Checks(Supplier<String> where) {
    this.where = where;
  }

  /** Ends the campaign unless the condition holds. */
  void demand(boolean condition, String format, Object... args) {
    if (!condition) {
      throw new IllegalStateException(where.get() + ": " + String.format(format, args));
    }
  }

  /** Waits until the condition holds, and ends the campaign if that takes longer than the limit. */
  void await(Duration limit, String what, BooleanSupplier condition) {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      demand(System.nanoTime() < end, "waited %s in vain until %s", limit, what);
      pause(20);
    }
  }

  /** Demands that a load runs, and tells whether it has got so far. */
  boolean hasDone(EndlessLoad load, long acknowledgements) {
    demand(load.isRunning(), "the load of %s ended: %s", load.writer(), load.error());
    return load.acknowledgements() >= acknowledgements;
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** A duration for people. */
  static String seconds(Duration time) {
    return String.format("%.1f s", time.toMillis() / 1000.0);
  }
}
