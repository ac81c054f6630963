package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jclusterfs.dlm.Blocker;
import org.jclusterfs.dlm.DenyReason;
import org.jclusterfs.dlm.EngineOutput;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockEngine;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;
import org.jclusterfs.dlm.WireException;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.membership.Membership;
import org.jclusterfs.dlm.membership.MembershipOutput;
import org.jclusterfs.dlm.transport.TransportHandler;

/**
 * One incarnation of a node: lock engine, membership and sessions as in production, wired as the
 * filesystem wires them, with a heartbeat and an application that uses locks.
 */
final class SimNode implements EngineOutput, MembershipOutput, TransportHandler {
  private static final long SCAN = ClusterSimulation.THRESHOLD / 8;
  private static final long SCAN_JOINING = ClusterSimulation.THRESHOLD / 20;
  private static final long LEAVE_PATIENCE = ClusterSimulation.THRESHOLD / 2;

  final Member self;
  final ClusterSimulation world;
  final Membership membership;
  final LockEngine engine;
  final SimTransport transport;
  final Application app;
  private final double clockRate;
  private final long clockOffset;

  /** It has left in order: its journal is empty for good. */
  private boolean clean;

  private boolean stopped;
  private boolean leaving;
  private boolean gone;
  private boolean publishing;
  private long beatSequence;
  private final List<Runnable> deferred = new ArrayList<>();
  private boolean paused;
  private int pauses;
  private int messagesUntilCrash;
  private boolean scanning;
  private boolean scanAgain;
  private int plannedScan;

  long diskStalledUntil;

  /** What it mastered when that was last looked at. */
  Map<Integer, Long> masteredBefore = Map.of();

  SimNode(Member self, ClusterSimulation world) {
    this.self = self;
    this.world = world;
    clockRate = 0.97 + 0.06 * world.random.nextDouble();
    clockOffset = world.random.nextInt(1_000_000_000) + 1;
    app = new Application(this);
    transport = new SimTransport(this, world.network);
    engine = new LockEngine(self.slot(), this, world.patience);
    membership = new Membership(self, ClusterSimulation.THRESHOLD, this);
    membership.noteView(world.disk.highestView());
  }

  /** By its own clock, which drifts. */
  long localNow() {
    return clockOffset + (long) (world.now() * clockRate);
  }

  /** Whether it may still write: neither stopped, nor fenced, nor out of its lease. */
  boolean mayWrite() {
    return !stopped && !world.disk.isFenced(self) && passesGate();
  }

  /** The write gate: whether it may write as far as it knows itself. */
  boolean passesGate() {
    return world.plant.ignoresLease() || localNow() < membership.writeDeadlineNanos();
  }

  boolean runs() {
    return !stopped;
  }

  /** The process is gone, or this incarnation of it. */
  void stop() {
    stopped = true;
    transport.closeAll();
  }

  /** It stands still; what is to happen in it happens when it goes on. */
  void pause(long until) {
    paused = true;
    int number = ++pauses;
    world.after(
        until - world.now(),
        () -> {
          if (number == pauses) {
            wake();
          }
        });
  }

  void wake() {
    paused = false;
    List<Runnable> actions = List.copyOf(deferred);
    deferred.clear();
    actions.forEach(Runnable::run);
  }

  boolean isPaused() {
    return paused;
  }

  void whenAwake(Runnable action) {
    deferred.add(action);
  }

  /** It dies after sending so many more messages. */
  void crashAfter(int messages) {
    messagesUntilCrash = messages;
  }

  // ---- heartbeats, its own and the others'

  /** Begins to beat and to scan. */
  void start() {
    beat();
    scan();
    membership.tick(localNow());
  }

  void beat() {
    long submitted = localNow();
    Heartbeat beat =
        new Heartbeat(
            self.slot(),
            self.incarnation(),
            ++beatSequence,
            membership.heartbeatState(),
            membership.heartbeatView(),
            membership.connected());
    world.io(
        this,
        () -> {
          if (world.disk.isFenced(self)) {
            world.on(this, () -> world.withdraws(this, "it finds itself fenced"));
          } else if (!stopped) {
            world.disk.write(beat);
            world.after(
                1 + world.random.nextInt(2_000_000),
                () ->
                    world.as(this, () -> membership.ownHeartbeatCompleted(submitted, localNow())));
          }
        });
  }

  /** Scans the slots, one scan after the other. */
  private void scan() {
    scanning = true;
    scanAgain = false;
    long started = localNow();
    world.io(
        this,
        () -> {
          List<Heartbeat> seen = world.plant.scanned(this, world.disk.scan());
          long highestView = world.disk.highestView();
          world.after(
              1 + world.random.nextInt(2_000_000),
              () ->
                  world.as(
                      this,
                      () -> {
                        transport.setPeers(seen);
                        membership.noteView(highestView);
                        membership.scanned(started, localNow(), seen);
                        scanning = false;
                        scanSoon(scanAgain ? 1 : membership.view() == null ? SCAN_JOINING : SCAN);
                      }));
        });
  }

  private void scanSoon(long delay) {
    int number = ++plannedScan;
    world.after(
        delay,
        () ->
            world.on(
                this,
                () -> {
                  if (number == plannedScan && !scanning) {
                    scan();
                  }
                }));
  }

  void tick() {
    membership.tick(localNow());
  }

  // ---- the application

  /** Does something, now and then several things at once, whose messages go together. */
  void act() {
    if (leaving || membership.view() == null || !passesGate()) {
      return;
    }
    int actions = world.random.nextInt(4) == 0 ? 2 + world.random.nextInt(6) : 1;
    engine.cork();
    for (int i = 0; i < actions; i++) {
      app.act();
    }
    engine.uncork();
  }

  void tryToLeave() {
    if (clean) {
      return;
    }
    leaving = true;
    app.leave();
    if (app.hasLocks()) {
      world.after(ClusterSimulation.THRESHOLD / 20, () -> world.as(this, this::tryToLeave));
      return;
    }
    world.log(self + " leaves");
    clean = true;
    engine.handOver();
    // A node does not wait for ever for others to take its regions.
    world.after(LEAVE_PATIENCE, () -> world.as(this, this::goNow));
  }

  private void goNow() {
    if (!gone) {
      gone = true;
      membership.leave(localNow());
    }
  }

  // ---- the transport

  @Override
  public void send(int slot, ByteBuffer message) {
    if (stopped) {
      return;
    }
    world.check(slot != self.slot(), self + " sends to itself");
    world.plant.sends(world, this, slot, message);
    if (messagesUntilCrash > 0 && --messagesUntilCrash == 0) {
      world.statistics.add(Statistics.Kind.CRASHES_AT_A_STEP);
      world.crashes(this);
    }
  }

  @Override
  public void onMessage(int slot, long incarnation, ByteBuffer frame) {
    Member from = new Member(slot, incarnation);
    for (ByteBuffer message : world.plant.received(this, from, frame)) {
      if (stopped) {
        return;
      }
      world.trace(() -> Messages.describe(from, self, message));
      if (Membership.accepts(message)) {
        membership.receive(slot, message, localNow());
        continue;
      }
      Messages.count(message, world.statistics);
      try {
        engine.receive(from, message);
      } catch (WireException e) {
        throw new AssertionError(self + " refuses " + Messages.describe(from, self, message), e);
      }
    }
  }

  @Override
  public void onUp(int slot, long incarnation) {
    if (!stopped) {
      membership.connectionUp(slot, incarnation, localNow());
    }
  }

  @Override
  public void onDown(int slot, long incarnation) {
    if (!stopped) {
      membership.connectionDown(slot, localNow());
    }
  }

  // ---- outputs of the engine

  @Override
  public void granted(long lockId, Grant grant) {
    if (!stopped) {
      app.granted(lockId, grant);
    }
  }

  @Override
  public void denied(long lockId, DenyReason reason, Blocker blocker) {
    if (!stopped) {
      app.denied(lockId, reason);
    }
  }

  @Override
  public void blocking(long lockId, LockMode wanted) {
    if (!stopped) {
      app.blocking(lockId, wanted);
    }
  }

  @Override
  public void tested(long queryId, Blocker blocker) {
    if (!stopped) {
      app.tested();
    }
  }

  @Override
  public void recovered(long viewNumber) {
    world.after(0, () -> world.as(this, () -> membership.engineRecovered(viewNumber, localNow())));
  }

  @Override
  public void handedOver() {
    world.trace(() -> self + " has handed over");
    world.after(0, () -> world.as(this, this::goNow));
  }

  // ---- outputs of the membership

  @Override
  public void installView(View view) {
    if (stopped) {
      return;
    }
    world.log(self + " installs " + view);
    world.statistics.add(Statistics.Kind.VIEWS);
    world.invariants.installed(view);
    engine.install(view);
    world.plant.installed(this, view);
  }

  @Override
  public void requestFence(Member victim) {
    if (!stopped) {
      world.fence(this, victim);
    }
  }

  @Override
  public void requestReplay(Member dead) {
    if (!stopped) {
      world.replay(this, dead);
    }
  }

  @Override
  public void unblock(long viewNumber) {
    if (!stopped) {
      world.log(self + " unblocks " + viewNumber);
      engine.unblock(viewNumber);
    }
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
                    beat();
                    scanAgain = true;
                    if (!scanning) {
                      scan();
                    }
                  }));
    }
  }

  @Override
  public void left() {
    world.left(this);
  }

  @Override
  public void selfStop(String reason) {
    world.withdraws(this, reason);
  }
}
