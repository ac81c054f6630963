package org.jclusterfs.core.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.function.LongToIntFunction;
import org.jclusterfs.core.cluster.LockUnavailableException.Reason;
import org.jclusterfs.core.cluster.RangeFile.Registered;
import org.jclusterfs.core.cluster.RangeFile.State;
import org.jclusterfs.dlm.Blocker;
import org.jclusterfs.dlm.DenyReason;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockFlags;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;

/**
 * Byte-range locks over the cluster. The node that alone uses a file's locks owns the whole range
 * and decides by itself; asked by another node it registers its processes' ranges with the lock
 * manager one by one and gives the whole up. Owners on different nodes that wait for each other in
 * a circle are not detected; a signal ends such a wait.
 */
final class DlmRangeLocks implements RangeLocks {

  /** Files whose ownership is kept while no process holds a range. */
  private static final int OWNED_LIMIT = 20_000;

  private static final long PAUSE_MILLIS = 1;

  /** The lock manager's answer to one question. */
  private record Answer(boolean granted, DenyReason reason, Blocker blocker) {}

  /** A question under way. */
  private final class Ask implements EngineDriver.Client {
    final CompletableFuture<Answer> answer = new CompletableFuture<>();
    final long id = driver.newLock(this);

    @Override
    public void granted(Grant grant) {
      answer.complete(new Answer(true, null, null));
    }

    @Override
    public void denied(DenyReason reason, Blocker blocker) {
      driver.forget(id);
      answer.complete(new Answer(false, reason, blocker));
    }

    @Override
    public void blocking(LockMode wanted) {
      // A process holds it: the other node waits.
    }
  }

  private final EngineDriver driver;
  private final LongToIntFunction regionOf;
  private final ConcurrentHashMap<Long, RangeFile> files = new ConcurrentHashMap<>();
  private final Queue<RangeFile> wholeWanted = new ConcurrentLinkedQueue<>();
  private final Queue<RangeFile> handedOver = new ConcurrentLinkedQueue<>();
  private final Queue<Registered> toRelease = new ConcurrentLinkedQueue<>();
  private final Set<CompletableFuture<Answer>> open = ConcurrentHashMap.newKeySet();
  private final WaitGraph graph = new WaitGraph();
  private volatile boolean withdrawn;

  DlmRangeLocks(EngineDriver driver, LongToIntFunction regionOf) {
    this.driver = driver;
    this.regionOf = regionOf;
  }

  // ---- calls

  private RangeFile enter(long inode) throws LockUnavailableException {
    while (true) {
      if (withdrawn) {
        throw withdrawn(inode);
      }
      RangeFile file =
          files.computeIfAbsent(
              inode,
              key ->
                  new RangeFile(
                      new LockName(LockType.FCNTL.code(), regionOf.applyAsInt(inode), inode)));
      synchronized (file) {
        if (!file.dead) {
          file.calls++;
          return file;
        }
      }
    }
  }

  /** Adds the files' ranges to a census. */
  void count(LockCensus census) {
    for (RangeFile file : files.values()) {
      synchronized (file) {
        int waiting = file.waits.size() + file.asked.size();
        boolean nothing = file.state == State.NONE || file.state == State.ASKING;
        census.add(
            file.name,
            new LockCensus.Sight(
                nothing ? LockMode.NL : LockMode.EX, waiting, System.nanoTime(), file.wholeWanted));
      }
    }
  }

  private void exit(RangeFile file) {
    synchronized (file) {
      file.calls--;
      forgetIfUnused(file);
    }
    drain();
  }

  private void forgetIfUnused(RangeFile file) {
    if (file.calls > 0 || !file.table.isEmpty() || file.dead) {
      return;
    }
    if (file.state == State.SHARED && file.registered.isEmpty()) {
      file.state = State.NONE;
    }
    if (file.state == State.OWNED && files.size() > OWNED_LIMIT) {
      driver.locked(() -> driver.unlock(file.wholeId, LockFlags.KEEP_VALUE));
      file.state = State.NONE;
    }
    if (file.state == State.NONE) {
      file.dead = true;
      files.remove(file.name.id(), file);
    }
  }

  @Override
  public boolean lock(long inode, Range range, boolean wait, Cancellation cancellation)
      throws LockUnavailableException {
    Caller caller = new Caller(inode, wait);
    RangeFile file = enter(inode);
    caller.file = file;
    if (wait && cancellation != Cancellation.NEVER) {
      cancellation.onCancel(caller::cancel);
    }
    try {
      while (true) {
        if (!localTurn(file, range, caller)) {
          return false;
        }
        Boolean done = take(file, range, caller);
        if (done != null) {
          return done;
        }
      }
    } finally {
      if (wait && cancellation != Cancellation.NEVER) {
        cancellation.onCancel(() -> {});
      }
      exit(file);
    }
  }

  /** A call that may be called off while it waits. */
  private final class Caller {
    private final long inode;
    final boolean wait;
    RangeFile file;
    private boolean cancelled;
    private Ask asking;

    Caller(long inode, boolean wait) {
      this.inode = inode;
      this.wait = wait;
    }

    void cancel() {
      Ask ask;
      synchronized (file) {
        cancelled = true;
        ask = asking;
        file.notifyAll();
      }
      if (ask != null) {
        driver.locked(() -> driver.cancel(ask.id));
        drain();
      }
    }

    /** With the file's monitor held. */
    void check() throws LockUnavailableException {
      if (withdrawn) {
        throw withdrawn(inode);
      }
      if (cancelled) {
        throw new LockUnavailableException(
            Reason.CANCELLED, "byte range of inode " + inode + ": the wait was called off");
      }
    }
  }

  /** Waits until no process of this node is in the way; then the range is among the asked. */
  private boolean localTurn(RangeFile file, Range range, Caller caller)
      throws LockUnavailableException {
    boolean queued = false;
    synchronized (file) {
      try {
        while (true) {
          caller.check();
          if (file.settled() && mayGo(file, range)) {
            file.asked.add(range);
            return true;
          }
          if (file.settled()) {
            if (!caller.wait) {
              return false;
            }
            // In order of arrival.
            if (!queued) {
              file.waits.add(range);
              queued = true;
            }
          }
          pause(file);
        }
      } finally {
        if (queued) {
          removeIdentical(file.waits, range);
          changed(file);
        }
      }
    }
  }

  private boolean mayGo(RangeFile file, Range range) throws LockUnavailableException {
    long inode = file.name.id();
    List<Long> holders = file.inTheWay(range);
    if (!holders.isEmpty()) {
      if (!graph.block(inode, range.owner(), holders)) {
        throw new LockUnavailableException(
            Reason.DEADLOCK,
            "byte ranges of inode " + inode + ": owners would wait for each other");
      }
      return false;
    }
    List<Long> earlier = file.earlier(range);
    // Politeness must not close a cycle.
    return earlier.isEmpty() || !graph.block(inode, range.owner(), earlier);
  }

  /** What a waiter looked at is different now; with the file's monitor held. */
  private void changed(RangeFile file) {
    graph.changed(file.name.id());
    file.notifyAll();
  }

  private static void removeIdentical(List<Range> list, Range range) {
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i) == range) {
        list.remove(i);
        return;
      }
    }
  }

  private static void pause(RangeFile file) {
    try {
      file.wait();
    } catch (InterruptedException e) {
      // A signal comes as a cancellation; an interrupt waits until the call is through.
      Thread.interrupted();
    }
  }

  /** Grants a range whose turn it is; null where the state changed and the caller starts again. */
  private Boolean take(RangeFile file, Range range, Caller caller) throws LockUnavailableException {
    boolean own;
    synchronized (file) {
      if (file.state == State.OWNED) {
        return granted(file, range);
      }
      own = file.state == State.NONE;
      if (own) {
        file.state = State.ASKING;
      }
    }
    try {
      if (own) {
        askForWhole(file);
        return null;
      }
      return register(file, range, caller);
    } finally {
      synchronized (file) {
        removeIdentical(file.asked, range);
        changed(file);
      }
    }
  }

  private Boolean granted(RangeFile file, Range range) {
    removeIdentical(file.asked, range);
    file.table.set(range);
    changed(file);
    return true;
  }

  // ---- the whole

  private void askForWhole(RangeFile file) {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    EngineDriver.Client whole =
        new EngineDriver.Client() {
          @Override
          public void granted(Grant grant) {
            answer.complete(new Answer(true, null, null));
          }

          @Override
          public void denied(DenyReason reason, Blocker blocker) {
            answer.complete(new Answer(false, reason, blocker));
          }

          @Override
          public void blocking(LockMode wanted) {
            wholeWanted.add(file);
          }
        };
    long[] id = new long[1];
    open.add(answer);
    driver.locked(
        () -> {
          id[0] = driver.newLock(whole);
          driver.request(
              id[0],
              file.name,
              LockMode.EX,
              LockFlags.NOQUEUE | LockFlags.NOQUEUE_CALLBACK,
              LockRange.WHOLE,
              0);
        });
    driver.settle();
    boolean granted = await(answer).granted();
    synchronized (file) {
      file.wholeId = id[0];
      if (granted) {
        file.state = State.OWNED;
      } else {
        driver.locked(() -> driver.forget(id[0]));
        file.state = State.SHARED;
      }
      if (granted && file.wholeWanted) {
        wholeWanted.add(file);
      }
      file.wholeWanted = false;
      file.notifyAll();
    }
    drain();
  }

  /** Does what the lock manager's callbacks ask for; with nothing held. */
  void drain() {
    for (RangeFile file = wholeWanted.poll(); file != null; file = wholeWanted.poll()) {
      handOver(file);
    }
    releaseDropped();
    for (RangeFile file = handedOver.poll(); file != null; file = handedOver.poll()) {
      giveWholeUp(file);
    }
  }

  private void handOver(RangeFile file) {
    synchronized (file) {
      if (file.state == State.ASKING) {
        // The grant is on its way to the thread that asked.
        file.wholeWanted = true;
        return;
      }
      if (file.state != State.OWNED) {
        return;
      }
      file.state = State.HANDOVER;
      List<Registered> parts = new ArrayList<>();
      for (Range range : file.table.ranges()) {
        parts.add(
            new Registered(
                range.owner(), new LockRange(range.start(), range.end()), RangeFile.modeOf(range)));
      }
      file.registered.addAll(parts);
      registerHeld(file, parts, () -> handedOver.add(file));
    }
    releaseDropped();
  }

  /**
   * Registers parts of what this node holds already by another lock, so that they are granted
   * without a wait.
   *
   * @param whenGranted runs when all are, with the engine's mutex held
   */
  private void registerHeld(RangeFile file, List<Registered> parts, Runnable whenGranted) {
    int[] open = {parts.size()};
    driver.locked(
        () -> {
          if (parts.isEmpty()) {
            whenGranted.run();
          }
          for (Registered part : parts) {
            part.id =
                driver.newLock(
                    new EngineDriver.Client() {
                      @Override
                      public void granted(Grant grant) {
                        part.granted = true;
                        if (part.dropped) {
                          toRelease.add(part);
                        }
                        if (--open[0] == 0) {
                          whenGranted.run();
                        }
                      }

                      @Override
                      public void denied(DenyReason reason, Blocker blocker) {
                        throw new IllegalStateException(
                            "a range of " + file.name + " that is held was denied: " + blocker);
                      }

                      @Override
                      public void blocking(LockMode wanted) {
                        // A process holds it: the other node waits.
                      }
                    });
            driver.request(part.id, file.name, part.mode, 0, part.range, part.owner);
          }
        });
  }

  private void release(Registered part) {
    driver.locked(
        () -> {
          if (part.granted) {
            driver.unlock(part.id, LockFlags.KEEP_VALUE);
          } else {
            part.dropped = true;
          }
        });
  }

  private void releaseDropped() {
    for (Registered part = toRelease.poll(); part != null; part = toRelease.poll()) {
      release(part);
    }
  }

  private void giveWholeUp(RangeFile file) {
    synchronized (file) {
      if (file.state != State.HANDOVER) {
        return;
      }
      driver.locked(() -> driver.unlock(file.wholeId, LockFlags.KEEP_VALUE));
      file.state = State.SHARED;
      file.notifyAll();
      forgetIfUnused(file);
    }
    driver.settle();
  }

  // ---- single ranges

  /** Asks the lock manager for a range; false where it is taken and the caller does not wait. */
  private boolean register(RangeFile file, Range range, Caller caller)
      throws LockUnavailableException {
    LockRange part = new LockRange(range.start(), range.end());
    while (true) {
      Ask[] ask = new Ask[1];
      int flags = caller.wait ? 0 : LockFlags.NOQUEUE | LockFlags.NOQUEUE_CALLBACK;
      synchronized (file) {
        caller.check();
        driver.locked(
            () -> {
              ask[0] = new Ask();
              open.add(ask[0].answer);
              driver.request(
                  ask[0].id, file.name, RangeFile.modeOf(range), flags, part, range.owner());
            });
        caller.asking = ask[0];
      }
      driver.settle();
      Answer answer = await(ask[0].answer);
      synchronized (file) {
        caller.asking = null;
        if (answer.granted()) {
          Registered fresh = new Registered(range.owner(), part, RangeFile.modeOf(range));
          fresh.id = ask[0].id;
          fresh.granted = true;
          replace(file, range.owner(), range.start(), range.end());
          file.registered.add(fresh);
          file.table.set(range);
          changed(file);
          return true;
        }
        caller.check();
      }
      if (answer.reason() != DenyReason.WOULD_WAIT || !isOwnership(answer.blocker())) {
        return false;
      }
      // Another node owns the whole and was told; it will say what its processes really hold.
      sleep();
    }
  }

  private static boolean isOwnership(Blocker blocker) {
    return blocker != null && blocker.range().isWhole();
  }

  private static void sleep() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.interrupted();
    }
  }

  /** Takes a part of the file out of an owner's registrations; with the file's monitor held. */
  private void replace(RangeFile file, long owner, long start, long end) {
    LockRange part = new LockRange(start, end);
    for (Registered old : List.copyOf(file.registered)) {
      if (old.owner != owner || !old.range.overlaps(part)) {
        continue;
      }
      file.registered.remove(old);
      List<Registered> rest = new ArrayList<>();
      for (LockRange piece : RangeFile.without(old.range, start, end)) {
        rest.add(new Registered(owner, piece, old.mode));
      }
      file.registered.addAll(rest);
      // Held until its remains are: nobody gets in between.
      registerHeld(file, rest, () -> toRelease.add(old));
    }
  }

  @Override
  public void unlock(long inode, long owner, long start, long end) throws LockUnavailableException {
    if (!files.containsKey(inode)) {
      return;
    }
    RangeFile file = enter(inode);
    try {
      synchronized (file) {
        while (!file.settled() && !withdrawn) {
          pause(file);
        }
        file.table.remove(owner, start, end);
        if (!withdrawn) {
          replace(file, owner, start, end);
        }
        changed(file);
      }
      driver.settle();
    } finally {
      exit(file);
    }
  }

  @Override
  public Range test(long inode, Range range) throws LockUnavailableException {
    RangeFile file = enter(inode);
    try {
      while (true) {
        synchronized (file) {
          while (!file.settled() && !withdrawn) {
            pause(file);
          }
          Range conflict = file.table.conflict(range);
          if (conflict != null || file.state == State.OWNED) {
            return conflict;
          }
        }
        Blocker blocker = probe(file, range);
        if (blocker == null) {
          return null;
        }
        if (!isOwnership(blocker)) {
          return new Range(
              blocker.range().start(),
              blocker.range().end(),
              blocker.mode() == LockMode.EX,
              blocker.cookie(),
              0);
        }
        sleep();
      }
    } finally {
      exit(file);
    }
  }

  /** Tries a range for a moment, so that an owner of the whole is asked to name its ranges. */
  private Blocker probe(RangeFile file, Range range) throws LockUnavailableException {
    Ask[] ask = new Ask[1];
    driver.locked(
        () -> {
          ask[0] = new Ask();
          open.add(ask[0].answer);
          driver.request(
              ask[0].id,
              file.name,
              RangeFile.modeOf(range),
              LockFlags.NOQUEUE | LockFlags.NOQUEUE_CALLBACK,
              new LockRange(range.start(), range.end()),
              range.owner());
        });
    driver.settle();
    Answer answer = await(ask[0].answer);
    if (withdrawn) {
      throw withdrawn(file.name.id());
    }
    if (answer.granted()) {
      driver.locked(() -> driver.unlock(ask[0].id, LockFlags.KEEP_VALUE));
      driver.settle();
    }
    return answer.blocker();
  }

  @Override
  public void releaseOwner(long inode, long owner) {
    try {
      unlock(inode, owner, 0, Long.MAX_VALUE);
    } catch (LockUnavailableException ignored) {
      // Withdrawn: the other nodes drop this node's ranges with its slot.
    }
  }

  private Answer await(CompletableFuture<Answer> answer) {
    if (withdrawn) {
      answer.complete(new Answer(false, DenyReason.CANCELLED, null));
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return answer.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException(e.getCause());
        }
      }
    } finally {
      open.remove(answer);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Fails everybody who waits or comes. */
  void withdraw() {
    withdrawn = true;
    open.forEach(answer -> answer.complete(new Answer(false, DenyReason.CANCELLED, null)));
    for (RangeFile file : files.values()) {
      synchronized (file) {
        file.notifyAll();
      }
    }
  }

  /** Gives everything back. */
  void close() {
    for (RangeFile file : files.values()) {
      synchronized (file) {
        driver.locked(
            () -> {
              if (file.state == State.OWNED) {
                driver.unlock(file.wholeId, LockFlags.KEEP_VALUE);
              }
              file.registered.forEach(this::release);
            });
        file.registered.clear();
        file.state = State.NONE;
        file.dead = true;
      }
    }
    files.clear();
    driver.settle();
    withdraw();
  }

  private static LockUnavailableException withdrawn(long inode) {
    return new LockUnavailableException(
        Reason.WITHDRAWN, "byte ranges of inode " + inode + ": this node left the cluster");
  }
}
