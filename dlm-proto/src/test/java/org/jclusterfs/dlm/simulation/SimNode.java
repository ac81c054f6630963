package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.dlm.Blocker;
import org.jclusterfs.dlm.DenyReason;
import org.jclusterfs.dlm.EngineOutput;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockEngine;
import org.jclusterfs.dlm.LockFlags;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.membership.Membership;
import org.jclusterfs.dlm.membership.MembershipOutput;

/** One incarnation of a node: engine, membership, heartbeat and an application that uses locks. */
final class SimNode implements EngineOutput, MembershipOutput {

  /** A lock as the application sees it. */
  static final class AppLock {
    final long id;
    final LockName name;
    final LockRange range;
    LockMode held;
    LockMode pending;
    boolean cancelled;
    boolean releasing;

    AppLock(long id, LockName name, LockRange range) {
      this.id = id;
      this.name = name;
      this.range = range;
    }
  }

  final Member self;
  final ClusterSimulation world;
  final Membership membership;
  final LockEngine engine;
  final Map<Long, AppLock> locks = new LinkedHashMap<>();
  final double clockRate;
  final long clockOffset;

  boolean stopped;
  boolean hasLeft;
  boolean leaving;

  /** It holds no lock and its journal is empty for good. */
  boolean clean;

  long pausedUntil;
  long diskStalledUntil;
  boolean publishing;

  /** Queries that are not answered yet. */
  int queries;

  private int favourite;
  private long beatSequence;
  private boolean gone;

  SimNode(Member self, ClusterSimulation world) {
    this.self = self;
    this.world = world;
    clockRate = 0.97 + 0.06 * world.random.nextDouble();
    clockOffset = world.random.nextInt(1_000_000_000) + 1;
    favourite = world.random.nextInt(ClusterSimulation.REGIONS);
    engine = new LockEngine(self.slot(), this, world.patience);
    membership = new Membership(self, ClusterSimulation.THRESHOLD, this);
    membership.noteView(world.disk.highestView());
  }

  long localNow() {
    return clockOffset + (long) (world.now * clockRate);
  }

  /** Whether it may still write: neither stopped, nor fenced, nor out of its lease. */
  boolean mayWrite() {
    return !stopped
        && !hasLeft
        && !world.disk.fenced.contains(self)
        && localNow() < membership.writeDeadlineNanos();
  }

  boolean runs() {
    return !stopped && !hasLeft;
  }

  void beatAndScan() {
    if (!runs()) {
      return;
    }
    long submitted = localNow();
    Heartbeat beat =
        new Heartbeat(
            self.slot(),
            self.incarnation(),
            ++beatSequence,
            membership.heartbeatState(),
            membership.heartbeatView(),
            membership.connected());
    long latency = world.latency(this);
    world.after(
        latency,
        () -> {
          if (world.disk.fenced.contains(self)) {
            world.log(self + " finds itself fenced");
            world.stop(this);
            return;
          }
          if (runs()) {
            Heartbeat there = world.disk.beats.get(self.slot());
            if (there == null
                || there.incarnation() != self.incarnation()
                || there.sequence() < beat.sequence()) {
              world.disk.beats.put(self.slot(), beat);
            }
            world.after(
                world.random.nextInt(2_000_000),
                () ->
                    world.on(
                        this,
                        () -> {
                          membership.ownHeartbeatCompleted(submitted, localNow());
                          scan();
                        }));
          }
        });
  }

  private void scan() {
    long started = localNow();
    world.after(
        world.latency(this),
        () -> {
          List<Heartbeat> seen = world.disk.scan();
          world.after(
              world.random.nextInt(2_000_000),
              () ->
                  world.on(
                      this,
                      () -> {
                        world.sees(this, seen);
                        membership.scanned(started, localNow(), seen);
                      }));
        });
  }

  // ---- the application ----

  /** Does something, now and then several things at once. */
  void act() {
    if (!runs() || leaving || clean || membership.view() == null) {
      return;
    }
    int actions = world.random.nextInt(4) == 0 ? 2 + world.random.nextInt(6) : 1;
    engine.cork();
    for (int i = 0; i < actions; i++) {
      actOnce();
    }
    engine.uncork();
  }

  private void actOnce() {
    List<AppLock> all = new ArrayList<>(locks.values());
    int choice = world.random.nextInt(10);
    if (world.random.nextInt(40) == 0) {
      favourite = world.random.nextInt(ClusterSimulation.REGIONS);
    }
    if (world.random.nextInt(20) == 0) {
      queries++;
      LockName name = world.randomName(true, favourite);
      engine.test(engine.newLockId(), name, LockMode.EX, world.randomRange(), self.slot());
    }
    if (all.size() < 4 && choice < 5) {
      requestSomething();
    } else if (!all.isEmpty()) {
      AppLock lock = all.get(world.random.nextInt(all.size()));
      if (lock.pending != null) {
        if (choice == 9) {
          lock.cancelled = true;
          engine.cancel(lock.id);
        }
      } else if (choice < 7) {
        release(lock);
      } else {
        LockMode mode = world.randomMode();
        convert(lock, mode);
      }
    }
  }

  private void requestSomething() {
    boolean ranged = world.random.nextInt(4) == 0;
    LockName name = world.randomName(ranged, favourite);
    LockRange range = ranged ? world.randomRange() : LockRange.WHOLE;
    AppLock lock = new AppLock(engine.newLockId(), name, range);
    int flags = LockFlags.VALUE;
    if (world.random.nextInt(5) == 0) {
      flags |= LockFlags.NOQUEUE;
    }
    locks.put(lock.id, lock);
    lock.pending = world.randomMode();
    engine.request(lock.id, name, lock.pending, flags, range, self.slot());
  }

  private void convert(AppLock lock, LockMode mode) {
    boolean down = lock.held.covers(mode);
    byte[] value = down ? valueToWrite(lock, mode) : null;
    if (down) {
      lock.held = mode;
    } else if (!mode.covers(lock.held)) {
      lock.held = LockMode.CR;
    }
    lock.pending = mode;
    engine.convert(lock.id, mode, LockFlags.VALUE, value);
  }

  void release(AppLock lock) {
    byte[] value = valueToWrite(lock, null);
    locks.remove(lock.id);
    engine.unlock(lock.id, 0, value);
  }

  private byte[] valueToWrite(AppLock lock, LockMode next) {
    if (!lock.held.covers(LockMode.PW) || !lock.range.isWhole() || lock.held == next) {
      return null;
    }
    byte[] value = world.random.nextInt(4) == 0 ? null : world.newValue();
    world.log(
        self
            + " writes "
            + lock.name
            + " "
            + lock.id
            + " "
            + lock.held
            + "->"
            + next
            + " "
            + (value == null ? "nothing" : "" + ByteBuffer.wrap(value).getLong()));
    world.values.put(lock.name, value == null ? ClusterSimulation.UNKNOWN : value);
    return value;
  }

  void releaseAll() {
    for (AppLock lock : List.copyOf(locks.values())) {
      if (lock.pending != null) {
        lock.cancelled = true;
        engine.cancel(lock.id);
      } else {
        release(lock);
      }
    }
  }

  void tryToLeave() {
    if (!runs() || clean) {
      return;
    }
    leaving = true;
    releaseAll();
    if (locks.isEmpty()) {
      world.log(self + " leaves");
      clean = true;
      world.disk.dirty.remove(self);
      engine.handOver();
      // A node does not wait for ever for others to take its regions.
      world.after(THRESHOLD_TO_LEAVE, () -> world.on(this, this::goNow));
    } else {
      world.after(ClusterSimulation.THRESHOLD / 20, () -> world.on(this, this::tryToLeave));
    }
  }

  private static final long THRESHOLD_TO_LEAVE = ClusterSimulation.THRESHOLD / 2;

  private void goNow() {
    if (!gone) {
      gone = true;
      membership.leave(localNow());
    }
  }

  // ---- outputs of the engine ----

  @Override
  public void handedOver() {
    world.log(self + " has handed over");
    world.after(0, () -> world.on(this, this::goNow));
  }

  @Override
  public void send(int slot, ByteBuffer message) {
    world.send(this, slot, message);
  }

  @Override
  public void granted(long lockId, Grant grant) {
    AppLock lock = locks.get(lockId);
    world.check(
        lock != null && lock.pending == grant.mode(), self + ": unexpected grant " + lockId);
    boolean weakened = lock.held == grant.mode();
    lock.held = grant.mode();
    lock.pending = null;
    if (!weakened) {
      world.granted(this, lock, grant);
    }
    lock.releasing = false;
    boolean fast = world.random.nextBoolean();
    if (world.quiet || fast || lock.cancelled || leaving) {
      giveBackSoon(lock);
    }
  }

  private void giveBackSoon(AppLock lock) {
    if (lock.releasing) {
      return;
    }
    lock.releasing = true;
    world.after(
        world.random.nextInt(30_000_000),
        () ->
            world.on(
                this,
                () -> {
                  lock.releasing = false;
                  if (locks.get(lock.id) == lock && lock.pending == null) {
                    release(lock);
                  }
                }));
  }

  @Override
  public void denied(long lockId, DenyReason reason, Blocker blocker) {
    AppLock lock = locks.get(lockId);
    world.check(lock != null && lock.pending != null, self + ": unexpected denial " + lockId);
    lock.pending = null;
    if (lock.held == null) {
      locks.remove(lockId);
    } else {
      giveBackSoon(lock);
    }
  }

  @Override
  public void blocking(long lockId, LockMode wanted) {
    AppLock lock = locks.get(lockId);
    world.check(
        lock != null && lock.held != null && !lock.held.compatibleWith(wanted),
        self + ": callback for a lock that does not conflict");
    if (lock.pending == null) {
      giveBackSoon(lock);
    } else {
      // As the filesystem does: nobody waits for an upgrade while others want the lower mode.
      lock.cancelled = true;
      world.after(1, () -> world.on(this, () -> engine.cancel(lockId)));
    }
  }

  @Override
  public void tested(long queryId, Blocker blocker) {
    queries--;
    world.check(queries >= 0, self + ": a query was answered twice");
  }

  @Override
  public void recovered(long viewNumber) {
    world.after(0, () -> world.on(this, () -> membership.engineRecovered(viewNumber, localNow())));
  }

  // ---- outputs of the membership ----

  @Override
  public void installView(View view) {
    world.installed(this, view);
    engine.install(view);
  }

  @Override
  public void requestFence(Member victim) {
    world.fence(this, victim);
  }

  @Override
  public void requestReplay(Member dead) {
    world.replay(this, dead);
  }

  @Override
  public void unblock(long viewNumber) {
    world.log(self + " unblocks " + viewNumber);
    engine.unblock(viewNumber);
  }

  @Override
  public void publish() {
    if (!publishing) {
      publishing = true;
      world.after(
          1_000_000,
          () ->
              world.on(
                  this,
                  () -> {
                    publishing = false;
                    beatAndScan();
                  }));
    }
  }

  @Override
  public void left() {
    world.left(this);
  }

  @Override
  public void selfStop(String reason) {
    world.log(self + " stops: " + reason);
    world.stop(this);
  }
}
