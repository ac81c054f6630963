package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * All locks that this node uses or has cached, with the threads that demote them. A lock that is
 * neither used nor cached is not in the table; of the cached ones the longest unused are given back
 * above {@link #CACHED_LIMIT}. Thread-safe.
 */
final class GlockTable {

  private static final System.Logger LOG = System.getLogger(GlockTable.class.getName());

  /** Locks above which unused ones are given back. */
  static final int CACHED_LIMIT = 200_000;

  // Locks given back at once when many are, and demoted by one thread.
  private static final int BULK = 1024;
  // EX locks that go down together from which on their changes are written all at once.
  private static final int MANY = 16;
  private static final long BULK_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(20);

  // A denied try called the others back; what they only cache is free after their hold time.
  private static final long[] TRY_AGAIN_MILLIS = {1, 4, 25};

  private final ConcurrentHashMap<LockName, Glock> locks = new ConcurrentHashMap<>();
  private final Queue<Glock> ready = new ConcurrentLinkedQueue<>();
  // Locks to be demoted: drain() hands them to threads, those that came together to one.
  private final Queue<Glock> goingDown = new ConcurrentLinkedQueue<>();
  private final LockCallbacks[] callbacks = new LockCallbacks[LockType.values().length + 1];
  private final LockStatistics statistics = new LockStatistics();
  private final HoldMemory holds = new HoldMemory();
  private final ExecutorService demotions;
  private final ScheduledThreadPoolExecutor timer;
  private final ModeAuthority authority;
  private final Consumer<Throwable> onFailure;
  private final BooleanSupplier lease;
  private volatile boolean withdrawn;
  private volatile boolean closed;

  /**
   * Makes an empty table.
   *
   * @param authority where modes come from
   * @param lease whether the modes that it caches still count; once false, it stays so
   * @param onFailure called when a callback failed or the lease is over: the node must withdraw
   */
  GlockTable(ModeAuthority authority, BooleanSupplier lease, Consumer<Throwable> onFailure) {
    this.lease = lease;
    this.authority = authority;
    this.onFailure = onFailure;
    AtomicInteger number = new AtomicInteger();
    // Unbounded: a demotion may wait for another lock's demotion.
    demotions =
        Executors.newCachedThreadPool(
            task -> daemon(task, "jclusterfs-demote-" + number.incrementAndGet()));
    timer = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "jclusterfs-lock-timer"));
    timer.setRemoveOnCancelPolicy(true);
    timer.scheduleWithFixedDelay(
        () -> {
          if (locks.size() > CACHED_LIMIT) {
            demotions.execute(() -> shrink(CACHED_LIMIT / 8));
          }
        },
        1,
        1,
        TimeUnit.SECONDS);
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  // ---- for the implementations of ClusterLocks

  synchronized void register(LockType type, LockCallbacks use) {
    if (callbacks[type.code()] != null) {
      throw new IllegalStateException(type + " has its callbacks already");
    }
    callbacks[type.code()] = use;
  }

  LockHolder acquire(LockName name, LockMode mode, boolean pinning, Cancellation cancellation)
      throws LockUnavailableException {
    checkMode(mode);
    Glock lock;
    Waiter waiter;
    do {
      lock = get(name);
      waiter = lock.enqueue(mode, pinning);
    } while (waiter == null);
    if (waiter.state() == Waiter.State.GRANTED) {
      statistics.count(name, LockStatistics.Counter.LOCAL_HITS);
      drain();
      return held(lock, mode);
    }
    drain();
    if (waiter.state() == Waiter.State.WAITING) {
      waitFor(lock, waiter, cancellation);
    }
    return result(lock, waiter, name);
  }

  private void waitFor(Glock lock, Waiter waiter, Cancellation cancellation) {
    if (cancellation == Cancellation.NEVER) {
      waiter.await();
    } else {
      cancellation.onCancel(
          () -> {
            lock.cancel(waiter);
            drain();
          });
      waiter.await();
      cancellation.onCancel(() -> {});
    }
    statistics.waited(lock.name(), System.nanoTime() - waiter.since);
  }

  LockHolder tryAcquire(LockName name, LockMode mode) throws LockUnavailableException {
    checkMode(mode);
    for (int round = 0; ; round++) {
      Glock lock;
      Waiter waiter;
      do {
        lock = get(name);
        waiter = lock.enqueueTry(mode);
      } while (waiter == null);
      drain();
      waiter.await();
      if (waiter.state() != Waiter.State.DENIED) {
        return result(lock, waiter, name);
      }
      if (waiter.usedHere || round == TRY_AGAIN_MILLIS.length) {
        return null;
      }
      try {
        Thread.sleep(TRY_AGAIN_MILLIS[round]);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
    }
  }

  /** Takes a lock that is cached here; null where that needs a message or a wait. */
  LockHolder acquireCached(LockName name, LockMode mode) throws LockUnavailableException {
    checkMode(mode);
    Glock lock = locks.get(name);
    if (lock == null || !lock.enter(mode)) {
      return null;
    }
    statistics.count(name, LockStatistics.Counter.LOCAL_HITS);
    return held(lock, mode);
  }

  private LockHolder result(Glock lock, Waiter waiter, LockName name)
      throws LockUnavailableException {
    switch (waiter.state()) {
      case GRANTED:
        return held(lock, waiter.mode);
      case CANCELLED:
        throw new LockUnavailableException(
            LockUnavailableException.Reason.CANCELLED,
            "lock " + name + ": the wait was called off");
      default:
        throw gone(name);
    }
  }

  /**
   * A node that stood still may wake up long after its locks were given to others: what is cached
   * here must not be used any more, and whoever meets that first has the node withdraw.
   */
  private Holder held(Glock lock, LockMode mode) throws LockUnavailableException {
    Holder holder = new Holder(lock, mode);
    if (!lease.getAsBoolean()) {
      holder.close();
      onFailure.accept(new IOException("no heartbeat reached the disk in time: its lease is over"));
      throw gone(lock.name());
    }
    return holder;
  }

  private static LockUnavailableException gone(LockName name) {
    return new LockUnavailableException(
        LockUnavailableException.Reason.WITHDRAWN, "lock " + name + ": this node left the cluster");
  }

  private static void checkMode(LockMode mode) {
    if (mode != LockMode.PR && mode != LockMode.EX) {
      throw new IllegalArgumentException("holders take PR or EX, not " + mode);
    }
  }

  /** Asks for PR on locks that nobody here uses or has cached, as one step, and does not wait. */
  void prefetch(Collection<LockName> names) {
    authority.together(
        () -> {
          for (LockName name : names) {
            while (!get(name).prefetch()) {
              // It was just dropped.
            }
          }
        });
    drain();
  }

  LockMode cached(LockName name) {
    Glock lock = locks.get(name);
    return lock == null ? LockMode.NL : lock.mode();
  }

  void giveBack(LockName name) {
    Glock lock = locks.get(name);
    if (lock != null) {
      lock.giveBack();
      drain();
    }
  }

  LockCensus census() {
    LockCensus census = new LockCensus(statistics);
    locks.values().forEach(lock -> census.add(lock.name(), lock.sight()));
    return census;
  }

  /** Fails everybody who waits and everybody to come; no callback runs for what is cached. */
  void withdraw() {
    withdrawn = true;
    locks.values().forEach(Glock::withdraw);
  }

  /** Gives all locks back, type by type in the lock order, and ends the threads. */
  void close() {
    for (LockType type : LockType.values()) {
      List<Glock> ofType = new ArrayList<>();
      locks.values().stream().filter(l -> l.name().type() == type.code()).forEach(ofType::add);
      giveBackAll(ofType);
    }
    // What a callback took meanwhile.
    giveBackAll(new ArrayList<>(locks.values()));
    closed = true;
    locks.values().forEach(Glock::withdraw);
    timer.shutdownNow();
    demotions.shutdown();
  }

  private void giveBackAll(List<Glock> all) {
    for (int from = 0; from < all.size() && !withdrawn; from += BULK) {
      List<Glock> some = all.subList(from, Math.min(all.size(), from + BULK));
      some.forEach(Glock::giveBack);
      drain();
      long deadline = System.nanoTime() + BULK_TIMEOUT_NANOS;
      synchronized (this) {
        while (!withdrawn && some.stream().anyMatch(l -> locks.get(l.name()) == l)) {
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (left <= 0) {
            some.stream()
                .filter(l -> locks.get(l.name()) == l)
                .forEach(
                    l ->
                        LOG.log(
                            System.Logger.Level.WARNING,
                            "lock {0} is still in use at the end",
                            l.name()));
            break;
          }
          try {
            wait(Math.min(left, 100));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
          }
        }
      }
    }
  }

  private void shrink(int count) {
    long now = System.nanoTime();
    List<Glock> idle = new ArrayList<>();
    for (long age = TimeUnit.MINUTES.toNanos(1); idle.size() < count && age > 1000; age /= 8) {
      idle.clear();
      for (Glock lock : locks.values()) {
        if (idle.size() < count && lock.idleSince(now - age)) {
          idle.add(lock);
        }
      }
    }
    // Inodes before the groups that their callbacks may need.
    idle.sort(Comparator.comparingInt(lock -> lock.name().type()));
    giveBackAll(idle);
  }

  // ---- for the locks

  private Glock get(LockName name) {
    Glock lock = locks.get(name);
    if (lock == null) {
      Glock fresh = new Glock(name, this);
      lock = locks.putIfAbsent(name, fresh);
      if (lock == null) {
        lock = fresh;
      }
      if (withdrawn || closed) {
        lock.withdraw();
      }
    }
    return lock;
  }

  ModeAuthority authority() {
    return authority;
  }

  LockStatistics statistics() {
    return statistics;
  }

  HoldMemory holds() {
    return holds;
  }

  void forget(Glock lock) {
    locks.remove(lock.name(), lock);
  }

  /** Has a lock demoted; the caller, who may hold monitors, calls {@link #drain} later. */
  void runDemotion(Glock lock) {
    goingDown.add(lock);
  }

  private void dispatchDemotions() {
    Map<Integer, List<Glock>> byType = new TreeMap<>();
    for (Glock lock = goingDown.poll(); lock != null; lock = goingDown.poll()) {
      byType.computeIfAbsent(lock.name().type(), type -> new ArrayList<>()).add(lock);
    }
    byType.forEach(
        (type, all) -> {
          LockCallbacks use = callbacks[type] == null ? LockCallbacks.NONE : callbacks[type];
          for (int from = 0; from < all.size(); from += BULK) {
            List<Glock> some = all.subList(from, Math.min(all.size(), from + BULK));
            execute(() -> demote(some, use));
          }
        });
  }

  private void execute(Runnable demotion) {
    try {
      demotions.execute(
          () -> {
            demotion.run();
            drain();
            synchronized (this) {
              notifyAll();
            }
          });
    } catch (RejectedExecutionException ignored) {
      // Closed: the lock is gone with all the others.
    }
  }

  /**
   * Demotes locks of one type, whose callbacks never wait for one another. They share a commit, and
   * what is sent about them goes together.
   */
  private void demote(List<Glock> some, LockCallbacks use) {
    if (some.size() == 1) {
      some.get(0).demote(use);
      return;
    }
    List<Glock> begun = new ArrayList<>();
    some.stream().filter(lock -> lock.beginDemotion(use)).forEach(begun::add);
    Map<Glock, Boolean> again = new LinkedHashMap<>();
    List<Glock> unfinished = new ArrayList<>();
    try {
      if (begun.stream().filter(lock -> lock.mode() == LockMode.EX).count() >= MANY) {
        use.syncMany();
      }
    } catch (IOException | RuntimeException | Error e) {
      failed(begun.get(0).name(), e);
      return;
    }
    for (Glock lock : begun) {
      try {
        again.put(lock, lock.runCallbacks(use));
      } catch (IOException | RuntimeException | Error e) {
        failed(lock.name(), e);
      }
    }
    List<Glock> sealed = new ArrayList<>();
    again.forEach((lock, more) -> (lock.seal(more) ? sealed : unfinished).add(lock));
    sealed.forEach(lock -> lock.forget(use));
    authority.together(() -> sealed.forEach(Glock::lower));
    unfinished.forEach(lock -> execute(() -> lock.completeDemotion(use)));
  }

  void later(Runnable task, long nanos) {
    try {
      timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException ignored) {
      // Closed, as above.
    }
  }

  void failed(LockName name, Throwable cause) {
    LOG.log(System.Logger.Level.ERROR, "lock " + name + " cannot be demoted", cause);
    onFailure.accept(cause);
  }

  /** Hands an event to a lock; the caller, who may hold monitors, calls {@link #drain} later. */
  void post(Glock lock, LockEvent event) {
    if (lock.post(event)) {
      ready.add(lock);
    }
  }

  /** Lets locks take the events posted; called while holding no lock's monitor. */
  void drain() {
    for (Glock lock = ready.poll(); lock != null; lock = ready.poll()) {
      lock.takeEvents();
    }
    if (!goingDown.isEmpty()) {
      dispatchDemotions();
    }
  }
}
