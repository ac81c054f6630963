package org.jclusterfs.mount.kernel;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.mount.CallOff;

/**
 * Brings INTERRUPT to the request that it names. Lock waits are called off; what else waits is left
 * to {@link DyingProcesses}. An interrupt is kept for a while, since it may have overtaken its
 * request. Thread-safe.
 */
final class Interrupts {
  private static final int EARLY_KEPT = 4096;

  private final Map<Long, CallOff> waits = new HashMap<>();
  private final Map<Long, Boolean> early =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
          return size() > EARLY_KEPT;
        }
      };

  private final DyingProcesses processes;
  private boolean gone;

  Interrupts(DyingProcesses processes) {
    this.processes = processes;
  }

  /** The connection is gone: nobody waits for the answers any more. */
  void callOffAll() {
    List<CallOff> all;
    synchronized (this) {
      gone = true;
      all = List.copyOf(waits.values());
    }
    all.forEach(CallOff::cancel);
  }

  /** Begins a wait that an interrupt of request {@code unique} calls off. */
  CallOff begin(long unique) {
    CallOff wait = new CallOff();
    boolean already;
    synchronized (this) {
      if (gone) {
        early.put(unique, true);
      }
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
    CallOff wait;
    synchronized (this) {
      wait = waits.get(unique);
      if (wait == null) {
        early.put(unique, true);
      }
    }
    if (wait != null) {
      wait.cancel();
    } else {
      processes.interrupted(unique);
    }
  }
}
