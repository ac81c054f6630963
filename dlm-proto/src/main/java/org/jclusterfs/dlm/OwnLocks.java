package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The requester role: this node's locks and queries. Its state is the authority in recovery: a new
 * master learns from it, never the other way round.
 *
 * <p>A release or down-conversion takes effect here at once and is told to the master without an
 * answer. So a callback may arrive for a lock that has just been weakened: it is ignored if the
 * mode held now does not conflict.
 */
final class OwnLocks {
  private static final class Query {
    final LockMessage.Test test;
    long askedIn;

    Query(LockMessage.Test test) {
      this.test = test;
    }
  }

  private final Router router;
  private final EngineOutput out;
  private final Map<Long, OwnLock> locks = new LinkedHashMap<>();
  private final Map<Long, Query> queries = new LinkedHashMap<>();
  private long lastId;
  private long operations;

  OwnLocks(Router router, EngineOutput out) {
    this.router = router;
    this.out = out;
  }

  long newId() {
    return ++lastId;
  }

  int size() {
    return locks.size();
  }

  void request(long lockId, LockName name, LockMode mode, int flags, LockRange range, long cookie) {
    checkFlags(flags);
    OwnLock lock = new OwnLock(lockId, name, range, cookie);
    if (locks.putIfAbsent(lockId, lock) != null) {
      throw new IllegalStateException("Lock " + lockId + " exists");
    }
    begin(lock, mode, flags);
    router.toMaster(new LockMessage.Request(lockId, name, mode, flags, range, cookie));
  }

  void convert(long lockId, LockMode mode, int flags, byte[] value) {
    checkFlags(flags);
    OwnLock lock = idle(lockId);
    int region = lock.name.region();
    byte[] written = checkedCopy(value);
    if (lock.granted.covers(mode)) {
      if (lock.granted != mode) {
        boolean writer = isWriter(lock);
        lock.granted = mode;
        lock.told = null;
        noteValue(lock, writer, flags, written);
        router.toMaster(new LockMessage.Convert(lockId, region, mode, flags, written));
      }
      out.granted(lockId, new Grant(mode, copy(lock.value), lock.generation, false));
    } else {
      if (!mode.covers(lock.granted)) {
        // PR to CW or back: what only the old mode permits is gone once the master decides.
        lock.granted = LockMode.CR;
        lock.told = null;
        lock.value = null;
        router.toMaster(new LockMessage.Convert(lockId, region, LockMode.CR, 0, null));
      }
      begin(lock, mode, flags);
      router.toMaster(new LockMessage.Convert(lockId, region, mode, flags, null));
    }
  }

  // As the master does: only a PW or EX holder of the whole resource writes or spoils the value.
  private void noteValue(OwnLock lock, boolean writer, int flags, byte[] written) {
    if (writer) {
      if (written != null) {
        lock.value = written;
        lock.generation++;
      } else if ((flags & LockFlags.KEEP_VALUE) == 0) {
        lock.value = null;
        lock.generation++;
      }
    }
    if (!lock.granted.covers(LockMode.PR)) {
      lock.value = null;
    }
  }

  void unlock(long lockId, int flags, byte[] value) {
    checkFlags(flags);
    OwnLock lock = idle(lockId);
    byte[] written = checkedCopy(value);
    locks.remove(lockId);
    int region = lock.name.region();
    router.toMaster(new LockMessage.Unlock(lockId, region, flags, written));
  }

  void cancel(long lockId) {
    OwnLock lock = locks.get(lockId);
    if (lock == null || lock.requested == null || lock.cancelled) {
      return;
    }
    lock.cancelled = true;
    int region = lock.name.region();
    if (router.takeBack(region, lockId)) {
      deny(lock, DenyReason.CANCELLED, null);
    } else {
      router.toMaster(new LockMessage.Cancel(lockId, region));
    }
  }

  void test(long queryId, LockName name, LockMode mode, LockRange range, long cookie) {
    LockMessage.Test query = new LockMessage.Test(queryId, name, mode, range, cookie);
    queries.put(queryId, new Query(query));
    router.toMaster(query);
  }

  private void begin(OwnLock lock, LockMode mode, int flags) {
    lock.requested = mode;
    lock.flags = flags;
    lock.order = ++operations;
    lock.cancelled = false;
  }

  private OwnLock idle(long lockId) {
    OwnLock lock = locks.get(lockId);
    if (lock == null) {
      throw new IllegalStateException("No lock " + lockId);
    }
    if (lock.requested != null) {
      throw new IllegalStateException("Lock " + lockId + " has an operation under way");
    }
    return lock;
  }

  void granted(LockMessage.Granted message) {
    OwnLock lock = locks.get(message.lockId());
    Grant grant = message.grant();
    if (lock == null || lock.requested != grant.mode()) {
      throw new BrokenInvariantException(
          "Lock " + message.lockId() + " was granted " + grant.mode() + " without asking for it");
    }
    lock.granted = grant.mode();
    lock.requested = null;
    lock.told = null;
    lock.generation = grant.valueGeneration();
    boolean excludesWriters = lock.granted.covers(LockMode.PR) && lock.range.isWhole();
    lock.value = excludesWriters ? grant.value() : null;
    out.granted(
        lock.id,
        new Grant(
            grant.mode(), copy(grant.value()), grant.valueGeneration(), grant.fromAnotherNode()));
    if (message.wanted() != null) {
      tell(lock, message.wanted());
    }
  }

  void denied(LockMessage.Denied message) {
    OwnLock lock = locks.get(message.lockId());
    if (lock == null || lock.requested == null) {
      throw new BrokenInvariantException(
          "Lock " + message.lockId() + " was denied what it did not ask for");
    }
    deny(lock, message.reason(), message.blocker());
  }

  private void deny(OwnLock lock, DenyReason reason, Blocker blocker) {
    lock.requested = null;
    if (lock.granted == null) {
      locks.remove(lock.id);
    }
    out.denied(lock.id, reason, blocker);
  }

  void blocking(LockMessage.Blocking message) {
    OwnLock lock = locks.get(message.lockId());
    if (lock != null && lock.granted != null) {
      tell(lock, message.wanted());
    }
  }

  private void tell(OwnLock lock, LockMode wanted) {
    if (lock.granted.compatibleWith(wanted)
        || (lock.told != null && lock.told.ordinal() >= wanted.ordinal())) {
      return;
    }
    lock.told = wanted;
    out.blocking(lock.id, wanted);
  }

  void tested(LockMessage.Tested message) {
    if (queries.remove(message.queryId()) != null) {
      out.tested(message.queryId(), message.blocker());
    }
  }

  /** The regions in which this node holds, waits for or asks something. */
  Set<Integer> regionsInUse() {
    Set<Integer> regions = new HashSet<>();
    locks.values().forEach(lock -> regions.add(lock.name.region()));
    queries.values().forEach(query -> regions.add(query.test.region()));
    return regions;
  }

  /**
   * All that this node holds and waits for in regions whose masters were lost, what waits in the
   * order in which it was asked. What was called off ends here: no answer to it can come any more.
   *
   * @param epoch in which their new masters serve them
   */
  List<LockMessage.Holding> reclaim(Set<Integer> regions, long epoch) {
    List<LockMessage.Holding> holdings = new ArrayList<>();
    for (OwnLock lock : inOrder(regions)) {
      if (lock.requested != null && lock.cancelled) {
        deny(lock, DenyReason.CANCELLED, null);
      }
      if (lock.granted != null || lock.requested != null) {
        lock.told = null;
        lock.askedIn = epoch;
        holdings.add(lock.toHolding());
      }
    }
    return holdings;
  }

  /** The open queries in some regions. */
  List<LockMessage.Test> queries(Set<Integer> regions) {
    return queries.values().stream()
        .map(query -> query.test)
        .filter(test -> regions.contains(test.region()))
        .toList();
  }

  /** A request or query goes to the master in an epoch. */
  void asks(LockMessage.ToMaster message, long epoch) {
    if (message instanceof LockMessage.Request request) {
      OwnLock lock = locks.get(request.lockId());
      if (lock != null) {
        lock.askedIn = epoch;
      }
    } else if (message instanceof LockMessage.Test test) {
      Query query = queries.get(test.queryId());
      if (query != null) {
        query.askedIn = epoch;
      }
    }
  }

  /** Asks again what was asked last in an epoch whose master had handled nothing of it. */
  void askAgain(int region, long epoch) {
    for (OwnLock lock : inOrder(Set.of(region))) {
      if (lock.granted == null && lock.askedIn == epoch) {
        askAgain(lock);
      }
    }
    for (Query query : List.copyOf(queries.values())) {
      if (query.test.region() == region && query.askedIn == epoch) {
        router.toMaster(query.test);
      }
    }
  }

  /** Asks again what was asked last in other epochs than that of the master. */
  void askAgainUnless(int region, long epoch) {
    for (OwnLock lock : inOrder(Set.of(region))) {
      if (lock.askedIn == epoch) {
        continue;
      }
      if (lock.granted != null) {
        throw new BrokenInvariantException(
            "Lock " + lock.id + " on " + lock.name + " is not known to the region's master");
      }
      askAgain(lock);
    }
    for (Query query : List.copyOf(queries.values())) {
      if (query.test.region() == region && query.askedIn != epoch) {
        router.toMaster(query.test);
      }
    }
  }

  private void askAgain(OwnLock lock) {
    router.toMaster(
        new LockMessage.Request(
            lock.id, lock.name, lock.requested, lock.flags, lock.range, lock.cookie));
    if (locks.get(lock.id) == lock && lock.requested != null && lock.cancelled) {
      router.toMaster(new LockMessage.Cancel(lock.id, lock.name.region()));
    }
  }

  private List<OwnLock> inOrder(Set<Integer> regions) {
    List<OwnLock> ordered = new ArrayList<>();
    for (OwnLock lock : locks.values()) {
      if (regions.contains(lock.name.region())) {
        ordered.add(lock);
      }
    }
    ordered.sort(Comparator.comparingLong(lock -> lock.requested == null ? 0 : lock.order));
    return ordered;
  }

  private static boolean isWriter(OwnLock lock) {
    return lock.granted.covers(LockMode.PW) && lock.range.isWhole();
  }

  private static void checkFlags(int flags) {
    if ((flags & ~LockFlags.ALL) != 0) {
      throw new IllegalArgumentException("Unknown lock flags " + Integer.toHexString(flags));
    }
  }

  private static byte[] checkedCopy(byte[] value) {
    if (value != null && value.length != LockEngine.VALUE_SIZE) {
      throw new IllegalArgumentException("A value block has 64 bytes, not " + value.length);
    }
    return copy(value);
  }

  private static byte[] copy(byte[] value) {
    return value == null ? null : value.clone();
  }
}
