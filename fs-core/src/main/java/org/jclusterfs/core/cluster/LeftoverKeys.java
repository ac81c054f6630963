package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Registrations on free slots: of a node that claims the slot just now, or of one that died between
 * its registration and its descriptor. Which one is told by time: a claim that takes longer than
 * the threshold of death is given up, and its key is fenced.
 */
final class LeftoverKeys {

  private static final System.Logger LOG = System.getLogger(LeftoverKeys.class.getName());

  private record Seen(long key, long incarnation, long since) {}

  private final SlotArea area;
  private final Map<Integer, Seen> seen = new HashMap<>();

  LeftoverKeys(SlotArea area) {
    this.area = area;
  }

  /** Looks at free slots that could not be claimed; called again and again. */
  void look(List<SlotInfo> freeSlots) throws IOException {
    long now = BootClock.nanoTime();
    for (SlotInfo info : freeSlots) {
      List<Long> keys = area.device().fencing().keysOf(info.slot());
      if (keys.isEmpty()) {
        seen.remove(info.slot());
        continue;
      }
      Seen before = seen.get(info.slot());
      if (before == null
          || before.incarnation() != info.incarnation()
          || !keys.contains(before.key())) {
        seen.put(info.slot(), new Seen(keys.get(0), info.incarnation(), now));
      } else if (now - before.since()
          > TimeUnit.MILLISECONDS.toNanos(area.volume().thresholdMillis())) {
        LOG.log(
            System.Logger.Level.INFO,
            "a node died while it claimed slot {0}: fencing what it left",
            info.slot());
        SlotClaim.fenceLeftover(area, info, before.key());
        seen.remove(info.slot());
      }
    }
  }
}
