package org.jclusterfs.fsck;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * The writes that nodes sent before they were cut off: each lands at a time chosen by the seed, or
 * never: at once, some operations of the others later, when its node is marked as fenced, right
 * before its registration is taken away, or after that, when the LUN has to refuse it. Thread-safe.
 */
final class LateWrites implements MortalDevice.Sink, SimulatedDisk.Interceptor {
  private static final int SOON = 4;

  /** Operations of the others: those up to the fence and of recovery are about as many. */
  private static final int LATER = 150;

  private enum When {
    NEVER,
    SOON,
    LATER,
    WITH_FENCE_MARK,
    BEFORE_PREEMPTION,
    AFTER_PREEMPTION
  }

  private record Pending(MortalDevice.Late write, When when, long due) {}

  private final Random random;
  private final Geometry geometry;
  private final List<Pending> pending = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private final ThreadLocal<Boolean> landing = ThreadLocal.withInitial(() -> false);
  private long operations;
  private int landed;
  private int refused;

  LateWrites(long seed, Geometry geometry) {
    this.random = new Random(seed);
    this.geometry = geometry;
  }

  @Override
  public synchronized void take(MortalDevice.Late write) {
    When when = When.values()[random.nextInt(When.values().length)];
    long due = operations + 1 + random.nextInt(when == When.SOON ? SOON : LATER);
    log.add(write + " " + when);
    pending.add(new Pending(write, when, due));
  }

  @Override
  public void before(SimulatedDisk.Operation operation) throws IOException {
    if (landing.get()) {
      return;
    }
    long count;
    synchronized (this) {
      count = ++operations;
    }
    boolean mark = operation.kind() == SimulatedDisk.Kind.WRITE && isFenceBlock(operation.block());
    land(
        each ->
            (each.when == When.SOON || each.when == When.LATER) && each.due <= count
                || each.when == When.WITH_FENCE_MARK && mark);
  }

  private boolean isFenceBlock(long block) {
    for (int slot = 0; slot < geometry.slotCount(); slot++) {
      if (geometry.fenceBlock(slot) == block) {
        return true;
      }
    }
    return false;
  }

  /** A registration is about to be taken away. */
  void beforePreemption() {
    landQuietly(When.BEFORE_PREEMPTION);
  }

  /** A registration has been taken away. */
  void afterPreemption() {
    landQuietly(When.AFTER_PREEMPTION);
  }

  private void landQuietly(When when) {
    try {
      land(each -> each.when == when);
    } catch (IOException e) {
      // The power is off.
    }
  }

  private interface Choice {
    boolean takes(Pending each);
  }

  private void land(Choice choice) throws IOException {
    List<Pending> due = new ArrayList<>();
    synchronized (this) {
      pending.removeIf(each -> choice.takes(each) && due.add(each));
    }
    landing.set(true);
    try {
      for (Pending each : due) {
        boolean accepted = each.write.land();
        synchronized (this) {
          landed += accepted ? 1 : 0;
          refused += accepted ? 0 : 1;
          log.add(each.write + (accepted ? " landed" : " refused"));
        }
      }
    } finally {
      landing.set(false);
    }
  }

  /** Writes that landed after their node was cut off. */
  synchronized int landed() {
    return landed;
  }

  /** Writes that the LUN refused. */
  synchronized int refused() {
    return refused;
  }

  @Override
  public synchronized String toString() {
    return String.join("\n", log);
  }
}
