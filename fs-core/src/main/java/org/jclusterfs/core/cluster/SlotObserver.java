package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.device.ProcessIdentities;

/**
 * Finds out who behind the claimed slots lives: by process where it is of this host, else by beat.
 */
final class SlotObserver {

  private static final long POLL_MILLIS = 200;

  /** What is known of a slot's holder. */
  enum Liveness {
    LIVE,
    DEAD,
    UNKNOWN
  }

  private final SlotArea area;

  SlotObserver(SlotArea area) {
    this.area = area;
  }

  /** Judges without waiting. */
  Map<Integer, Liveness> judge(List<SlotInfo> claimed) throws IOException {
    Map<Integer, Liveness> result = new HashMap<>();
    for (SlotInfo info : claimed) {
      result.put(info.slot(), judge(info));
    }
    return result;
  }

  private Liveness judge(SlotInfo info) throws IOException {
    if (area.fencedIncarnation(info.slot()) == info.incarnation()) {
      return Liveness.DEAD;
    }
    switch (ProcessIdentities.isAlive(info.process())) {
      case ALIVE:
        return Liveness.LIVE;
      case DEAD:
        return Liveness.DEAD;
      default:
        return Liveness.UNKNOWN;
    }
  }

  /** Judges, watching the heartbeats of those unknown for up to the threshold. */
  Map<Integer, Liveness> observe(List<SlotInfo> claimed) throws IOException {
    Map<Integer, Liveness> result = judge(claimed);
    List<SlotInfo> open = new ArrayList<>(claimed);
    open.removeIf(info -> result.get(info.slot()) != Liveness.UNKNOWN);
    if (open.isEmpty()) {
      return result;
    }
    long begun = BootClock.nanoTime();
    List<Beat> first = area.beats();
    while (!open.isEmpty()) {
      pause();
      long readAt = BootClock.nanoTime();
      List<Beat> now = area.beats();
      for (SlotInfo info : List.copyOf(open)) {
        Beat before = first.get(info.slot());
        Beat after = now.get(info.slot());
        long threshold = area.volume().thresholdMillis();
        if (after != null && after.incarnation() == info.incarnation()) {
          threshold = Math.max(threshold, after.thresholdMillis());
        }
        boolean changed =
            before == null
                || after == null
                || after.sequence() != before.sequence()
                || after.incarnation() != before.incarnation();
        if (before == null) {
          first.set(info.slot(), after);
        } else if (changed) {
          result.put(info.slot(), Liveness.LIVE);
          open.remove(info);
        } else if (readAt - begun > TimeUnit.MILLISECONDS.toNanos(threshold)) {
          result.put(info.slot(), Liveness.DEAD);
          open.remove(info);
        }
      }
    }
    return result;
  }

  static void pause() throws IOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while watching heartbeats");
    }
  }
}
