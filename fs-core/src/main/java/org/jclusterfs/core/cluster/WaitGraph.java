package org.jclusterfs.core.cluster;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which owners of byte ranges wait for which others on this node, over all files. What is known of
 * a file is forgotten whenever its ranges change; its waiters then look again and note it anew.
 * Thread-safe.
 */
final class WaitGraph {

  // File, then waiting owner, then those it waits for.
  private final Map<Long, Map<Long, Set<Long>>> files = new HashMap<>();

  /** Notes whom an owner waits for now; false, and nothing noted, where that closes a cycle. */
  synchronized boolean block(long file, long owner, Collection<Long> others) {
    Set<Long> seen = new HashSet<>();
    Deque<Long> open = new ArrayDeque<>(others);
    while (!open.isEmpty()) {
      long next = open.poll();
      if (next == owner) {
        return false;
      }
      if (seen.add(next)) {
        files.values().forEach(waits -> open.addAll(waits.getOrDefault(next, Set.of())));
      }
    }
    files.computeIfAbsent(file, key -> new HashMap<>()).put(owner, Set.copyOf(others));
    return true;
  }

  /** The ranges of a file changed, or one of its waiters goes. */
  synchronized void changed(long file) {
    files.remove(file);
  }
}
