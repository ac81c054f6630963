package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who masters the regions, as far as this node knows, and what it wants to send where it does not.
 *
 * <p>A region is known, lost (it was known, its master is gone, and this node uses it: it will be
 * reclaimed) or neither; then messages for it wait until the directory has answered.
 */
final class Routes {
  private final Map<Integer, Mastership> known = new HashMap<>();
  private final Set<Integer> lost = new HashSet<>();
  // Regions that were lost in this view, also where their master was learnt since.
  private final Set<Integer> onceLost = new HashSet<>();
  private final Map<Integer, List<LockMessage.ToMaster>> waiting = new LinkedHashMap<>();

  Mastership get(int region) {
    return known.get(region);
  }

  /** The epoch known of a region; 0 where none is. */
  long epoch(int region) {
    Mastership mastership = known.get(region);
    return mastership == null ? 0 : mastership.epoch();
  }

  boolean isLost(int region) {
    return lost.contains(region);
  }

  /** Whether it was lost in this view, so that what was asked may have been dropped. */
  boolean wasLost(int region) {
    return onceLost.contains(region);
  }

  /** Regions that are neither known nor lost, for which messages wait. */
  Set<Integer> wanted() {
    return waiting.keySet();
  }

  void waitFor(LockMessage.ToMaster message) {
    waiting.computeIfAbsent(message.region(), region -> new ArrayList<>()).add(message);
  }

  /** Takes a request back that waits here. */
  boolean takeBack(int region, long lockId) {
    List<LockMessage.ToMaster> messages = waiting.get(region);
    if (messages == null
        || !messages.removeIf(
            message -> message instanceof LockMessage.Request r && r.lockId() == lockId)) {
      return false;
    }
    if (messages.isEmpty()) {
      waiting.remove(region);
    }
    return true;
  }

  /** Sets a region's master; returns what waited for it, in order. */
  List<LockMessage.ToMaster> set(int region, Mastership mastership) {
    known.put(region, mastership);
    lost.remove(region);
    List<LockMessage.ToMaster> messages = waiting.remove(region);
    return messages == null ? List.of() : messages;
  }

  /**
   * Forgets masters that are not in a view, and those of some other regions.
   *
   * @return the regions of those masters
   */
  Set<Integer> forget(View view, Set<Integer> others) {
    Set<Integer> forgotten = new HashSet<>();
    Iterator<Map.Entry<Integer, Mastership>> all = known.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Integer, Mastership> entry = all.next();
      if (!view.contains(entry.getValue().master()) || others.contains(entry.getKey())) {
        forgotten.add(entry.getKey());
        all.remove();
      }
    }
    return forgotten;
  }

  void lose(Set<Integer> regions) {
    lost.addAll(regions);
    onceLost.addAll(regions);
  }

  /** A region's master turns out to be lost; what waits to be sent goes on waiting. */
  void lose(int region) {
    known.remove(region);
    if (!waiting.containsKey(region)) {
      lost.add(region);
      onceLost.add(region);
    }
  }

  /** Keeps only what some regions are known of; nothing is lost any more. */
  void retain(Set<Integer> regions) {
    known.keySet().retainAll(regions);
    lost.clear();
    onceLost.clear();
  }
}
