package org.jclusterfs.core.cluster;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.LockStatistics.Counter;
import org.jclusterfs.core.status.ContendedLock;
import org.jclusterfs.core.status.LockTypeStatus;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * Counts a node's locks for people: per type, and those that are wanted by several. Used once, by
 * one thread; each lock is looked at by itself, so the figures are not of one moment.
 */
public final class LockCensus {

  /**
   * A lock as it was when it was looked at.
   *
   * @param mode cached
   * @param waiting threads that wait for it
   * @param since {@link System#nanoTime} since which the first of them waits
   * @param wanted whether another node asked for it
   */
  record Sight(LockMode mode, int waiting, long since, boolean wanted) {}

  private static final int TYPES = LockType.values().length + 1;

  private final LockStatistics statistics;
  private final long[] cached = new long[TYPES];
  private final long[] waiting = new long[TYPES];
  private final Map<LockName, Sight> wanted = new HashMap<>();

  LockCensus(LockStatistics statistics) {
    this.statistics = statistics;
  }

  void add(LockName name, Sight sight) {
    if (sight.mode() != LockMode.NL) {
      cached[name.type()]++;
    }
    waiting[name.type()] += sight.waiting();
    if (sight.waiting() > 0 || sight.wanted()) {
      wanted.put(name, sight);
    }
  }

  /** The figures of each type. */
  public List<LockTypeStatus> types() {
    List<LockTypeStatus> all = new ArrayList<>();
    for (LockType type : LockType.values()) {
      all.add(
          new LockTypeStatus(
              type.name(),
              cached[type.code()],
              waiting[type.code()],
              statistics.get(type, Counter.LOCAL_HITS),
              statistics.get(type, Counter.REQUESTS),
              statistics.get(type, Counter.BLOCKING),
              statistics.get(type, Counter.WAITS),
              TimeUnit.NANOSECONDS.toMillis(statistics.get(type, Counter.WAIT_NANOS)),
              TimeUnit.NANOSECONDS.toMillis(statistics.worstWaitNanos(type)),
              statistics.get(type, Counter.WITH_VALUE),
              statistics.get(type, Counter.WITHOUT_VALUE)));
    }
    return all;
  }

  /**
   * The locks that are waited for now, longest first, then those that were asked for most often.
   *
   * @param most at most so many
   */
  public List<ContendedLock> contended(int most) {
    long now = System.nanoTime();
    List<ContendedLock> all = new ArrayList<>();
    Map<LockName, Sight> rest = new HashMap<>(wanted);
    for (ContentionTable.Entry entry : statistics.contention()) {
      Sight sight = rest.remove(entry.name());
      if (sight != null || entry.isContended()) {
        all.add(describe(entry, sight, now));
      }
    }
    rest.forEach(
        (name, sight) ->
            all.add(describe(new ContentionTable.Entry(name, 0, 0, 0, 0), sight, now)));
    all.sort(
        Comparator.comparingLong(ContendedLock::waitingMillis)
            .thenComparingInt(ContendedLock::waiting)
            .thenComparingLong(lock -> lock.blocking() + lock.waits())
            .reversed());
    return List.copyOf(all.subList(0, Math.min(most, all.size())));
  }

  private static ContendedLock describe(ContentionTable.Entry entry, Sight sight, long now) {
    Sight seen = sight == null ? new Sight(LockMode.NL, 0, now, false) : sight;
    LockName name = entry.name();
    return new ContendedLock(
        LockType.ofCode(name.type()).name(),
        name.id(),
        seen.mode().name(),
        seen.waiting(),
        seen.waiting() == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(now - seen.since()),
        seen.wanted(),
        entry.blocking(),
        entry.waits(),
        TimeUnit.NANOSECONDS.toMillis(entry.waitNanos()),
        null);
  }
}
