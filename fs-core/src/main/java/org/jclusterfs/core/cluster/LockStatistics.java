package org.jclusterfs.core.cluster;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jclusterfs.dlm.LockName;

/** Counts what happens to locks, per type. Thread-safe. */
public final class LockStatistics {

  /** What is counted. */
  public enum Counter {
    /** Uses granted from the cached mode. */
    LOCAL_HITS,
    /** Requests to the lock manager. */
    REQUESTS,
    /** Times that another node asked for the lock. */
    BLOCKING,
    /** Uses that had to wait. */
    WAITS,
    /** Nanoseconds waited altogether. */
    WAIT_NANOS,
    /** Grants of PR that told the state under the lock: nothing has to be read for that. */
    WITH_VALUE,
    /** Grants of PR that did not, of types where they could. */
    WITHOUT_VALUE
  }

  private static final class PerType {
    final Map<Counter, LongAdder> counters = new EnumMap<>(Counter.class);
    final AtomicLong worstWaitNanos = new AtomicLong();
    volatile LockName worstWait;

    PerType() {
      for (Counter counter : Counter.values()) {
        counters.put(counter, new LongAdder());
      }
    }
  }

  private final ContentionTable contention = new ContentionTable();
  private final PerType[] types = new PerType[LockType.values().length + 1];

  LockStatistics() {
    for (LockType type : LockType.values()) {
      types[type.code()] = new PerType();
    }
  }

  /** A figure of a type since the mount. */
  public long get(LockType type, Counter counter) {
    return types[type.code()].counters.get(counter).sum();
  }

  /** The longest wait for a lock of a type, in nanoseconds. */
  public long worstWaitNanos(LockType type) {
    return types[type.code()].worstWaitNanos.get();
  }

  /** The lock that was waited for longest, or null. */
  public LockName worstWait(LockType type) {
    return types[type.code()].worstWait;
  }

  /** The locks that were asked and waited for most. */
  List<ContentionTable.Entry> contention() {
    return contention.entries();
  }

  void count(LockName name, Counter counter) {
    types[name.type()].counters.get(counter).increment();
    if (counter == Counter.BLOCKING) {
      contention.blocking(name);
    }
  }

  void waited(LockName name, long nanos) {
    PerType type = types[name.type()];
    contention.waited(name, nanos);
    type.counters.get(Counter.WAITS).increment();
    type.counters.get(Counter.WAIT_NANOS).add(nanos);
    long worst = type.worstWaitNanos.get();
    while (nanos > worst) {
      if (type.worstWaitNanos.compareAndSet(worst, nanos)) {
        type.worstWait = name;
        return;
      }
      worst = type.worstWaitNanos.get();
    }
  }
}
