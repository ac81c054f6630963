package org.jclusterfs.core.cluster;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.dlm.LockName;

/**
 * The locks that are asked for and waited for most, in a bounded table: where it is full, a new
 * lock takes the place of the least wanted one and inherits its count, so that no lock that is
 * really wanted often is missed (Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent
 * and Top-k Elements in Data Streams", 2005). Thread-safe.
 */
final class ContentionTable {

  static final int CAPACITY = 256;

  /** What is known of a lock. */
  record Entry(LockName name, long blocking, long waits, long waitNanos) {

    long weight() {
      return blocking + waits;
    }
  }

  private final Map<LockName, Entry> entries = new HashMap<>();

  /** Another node asked for a lock. */
  synchronized void blocking(LockName name) {
    Entry known = place(name);
    entries.put(name, new Entry(name, known.blocking + 1, known.waits, known.waitNanos));
  }

  /** A thread waited for a lock. */
  synchronized void waited(LockName name, long nanos) {
    Entry known = place(name);
    entries.put(name, new Entry(name, known.blocking, known.waits + 1, known.waitNanos + nanos));
  }

  private Entry place(LockName name) {
    Entry known = entries.get(name);
    if (known != null) {
      return known;
    }
    if (entries.size() < CAPACITY) {
      return new Entry(name, 0, 0, 0);
    }
    Entry least = null;
    for (Entry entry : entries.values()) {
      if (least == null || entry.weight() < least.weight()) {
        least = entry;
      }
    }
    entries.remove(least.name);
    return new Entry(name, least.blocking, least.waits, least.waitNanos);
  }

  synchronized List<Entry> entries() {
    return List.copyOf(entries.values());
  }
}
