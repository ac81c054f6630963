package org.jclusterfs.core.cluster;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.dlm.LockName;

/**
 * The locks that are asked for and waited for most, in a bounded table: where it is full, a new
 * lock takes the place of the least wanted one and inherits its weight, so that no lock that is
 * really wanted often is missed; what is told is only what was counted for the lock itself
 * (Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent and Top-k Elements in Data
 * Streams", 2005). Thread-safe.
 */
final class ContentionTable {

  static final int CAPACITY = 256;

  /**
   * What is known of a lock.
   *
   * @param inherited weight of those whose place it took; some of it may be its own
   */
  record Entry(LockName name, long blocking, long waits, long waitNanos, long inherited) {

    long weight() {
      return blocking + waits + inherited;
    }

    /** Whether it was wanted more than once: each lock is waited for when it is first used. */
    boolean isContended() {
      return blocking + waits > 1;
    }
  }

  private final Map<LockName, Entry> entries = new HashMap<>();

  /** Another node asked for a lock. */
  synchronized void blocking(LockName name) {
    Entry known = place(name);
    entries.put(
        name, new Entry(name, known.blocking + 1, known.waits, known.waitNanos, known.inherited));
  }

  /** A thread waited for a lock. */
  synchronized void waited(LockName name, long nanos) {
    Entry known = place(name);
    entries.put(
        name,
        new Entry(name, known.blocking, known.waits + 1, known.waitNanos + nanos, known.inherited));
  }

  private Entry place(LockName name) {
    Entry known = entries.get(name);
    if (known != null) {
      return known;
    }
    if (entries.size() < CAPACITY) {
      return new Entry(name, 0, 0, 0, 0);
    }
    Entry least = null;
    for (Entry entry : entries.values()) {
      if (least == null || entry.weight() < least.weight()) {
        least = entry;
      }
    }
    entries.remove(least.name);
    return new Entry(name, 0, 0, 0, least.weight());
  }

  synchronized List<Entry> entries() {
    return List.copyOf(entries.values());
  }
}
