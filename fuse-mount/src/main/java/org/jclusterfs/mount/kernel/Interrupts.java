package org.jclusterfs.mount.kernel;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jclusterfs.core.cluster.Cancellation;

/**
 * Brings INTERRUPT to the request that it names. Only lock waits can be called off; an interrupt of
 * anything else is kept for a while, since it may have overtaken its request. Thread-safe.
 */
final class Interrupts {
  private static final int EARLY_KEPT = 4096;

  private final Map<Long, Wait> waits = new HashMap<>();
  private final Map<Long, Boolean> early =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
          return size() > EARLY_KEPT;
        }
      };

  /** Begins a wait that an interrupt of request {@code unique} calls off. */
  Wait begin(long unique) {
    Wait wait = new Wait();
    boolean already;
    synchronized (this) {
      waits.put(unique, wait);
      already = early.remove(unique) != null;
    }
    if (already) {
      wait.cancel();
    }
    return wait;
  }

  synchronized void end(long unique) {
    waits.remove(unique);
  }

  /** An INTERRUPT came. */
  void interrupt(long unique) {
    Wait wait;
    synchronized (this) {
      wait = waits.get(unique);
      if (wait == null) {
        early.put(unique, true);
      }
    }
    if (wait != null) {
      wait.cancel();
    }
  }

  /** One wait. */
  static final class Wait implements Cancellation {
    private boolean cancelled;
    private Runnable action;

    @Override
    public void onCancel(Runnable newAction) {
      synchronized (this) {
        action = newAction;
        if (!cancelled) {
          return;
        }
      }
      newAction.run();
    }

    private void cancel() {
      Runnable run;
      synchronized (this) {
        cancelled = true;
        run = action;
      }
      if (run != null) {
        run.run();
      }
    }
  }
}
