package org.jclusterfs.dlm.simulation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jclusterfs.dlm.Member;

/**
 * A whole cluster in virtual time, from one seed: the engines, memberships and sessions of
 * production over a simulated network and disk. What must hold is checked after every event that
 * can break it ({@link Invariants}); docs/dlm-testing.md tells what may go wrong in it.
 */
final class ClusterSimulation {
  static final long THRESHOLD = 1_000_000_000L;
  static final int REGIONS = 6;
  private static final int LOG_LINES = 150;

  final Random random;
  final Scheduler scheduler = new Scheduler();
  final Statistics statistics = new Statistics();
  final Plant plant;
  final SimDisk disk;
  final SimNetwork network;
  final Invariants invariants;
  final Faults faults;

  /** Requests in a row after which a region moves; doubled by each move. */
  final int patience;

  /** The faults have stopped. */
  boolean quiet;

  /** What a plant remembers. */
  final Map<Object, Object> plantMemory = new HashMap<>();

  final List<SimNode> nodes = new ArrayList<>();
  private final Map<Integer, SimNode> bySlot = new HashMap<>();
  private final FaultInjector injector;
  private final int nodeCount;
  private final Deque<String> log = new ArrayDeque<>();
  private final boolean tracing;
  private long lastIncarnation;
  private long lastValue;

  ClusterSimulation(long seed, int nodeCount, Faults faults) {
    this(seed, nodeCount, faults, Plant.NONE, false);
  }

  /**
   * Makes one that has not begun.
   *
   * @param plant what is wrong with the protocol
   * @param tracing whether a failure tells every message and grant
   */
  ClusterSimulation(long seed, int nodeCount, Faults faults, Plant plant, boolean tracing) {
    random = new Random(seed);
    patience = 1 + random.nextInt(6);
    this.nodeCount = nodeCount;
    this.faults = faults;
    this.plant = plant;
    this.tracing = tracing;
    disk = new SimDisk(plant);
    network = new SimNetwork(this, faults);
    invariants = new Invariants(this);
    injector = new FaultInjector(this);
  }

  /**
   * Runs faults and load for so many thresholds, then lets everything settle and checks that it
   * did.
   *
   * @throws AssertionError if an invariant is broken; with the last lines of the log
   */
  void run(int thresholds) {
    try {
      for (int i = 0; i < nodeCount; i++) {
        after(random.nextInt(300_000_000), this::startNode);
      }
      injector.start();
      scheduler.runUntil(thresholds * THRESHOLD);
      quiet = true;
      injector.stop();
      scheduler.runUntil(now() + 12 * THRESHOLD);
      invariants.everybodyIsServed(nodes);
      nodes.forEach(node -> as(node, node.app::releaseAll));
      scheduler.runUntil(now() + 2 * THRESHOLD);
      invariants.settled(nodes);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + String.join("\n", log), e);
    } finally {
      statistics.add(Statistics.Kind.EVENTS, scheduler.events());
    }
  }

  long now() {
    return scheduler.now();
  }

  void after(long delay, Runnable action) {
    scheduler.after(delay, action);
  }

  /** Runs something as a node; later where it is paused, never where it is gone. */
  void on(SimNode node, Runnable action) {
    if (!node.runs()) {
      return;
    }
    if (node.isPaused()) {
      node.whenAwake(() -> on(node, action));
    } else {
      action.run();
    }
  }

  /** As {@link #on}, for what may change what the node masters. */
  void as(SimNode node, Runnable action) {
    if (!node.runs()) {
      return;
    }
    if (node.isPaused()) {
      node.whenAwake(() -> as(node, action));
    } else {
      action.run();
      invariants.masters(node);
    }
  }

  // ---- what a failure tells

  void log(String line) {
    log.add(String.format("%9.4f %s", now() / 1e9, line));
    if (log.size() > (tracing ? 10_000 * LOG_LINES : LOG_LINES)) {
      log.remove();
    }
  }

  void trace(Supplier<String> line) {
    if (tracing) {
      log(line.get());
    }
  }

  void check(boolean condition, String message) {
    if (!condition) {
      fail(message);
    }
  }

  void fail(String message) {
    throw new AssertionError(String.format("%s, at %.4f", message, now() / 1e9));
  }

  // ---- nodes

  private void startNode() {
    List<Integer> free = new ArrayList<>();
    for (int slot = 0; slot < Math.max(16, 4 * nodeCount); slot++) {
      if (!disk.claims.containsKey(slot)) {
        free.add(slot);
      }
    }
    if (free.isEmpty()) {
      after(THRESHOLD / 2, this::startNode);
      return;
    }
    Member self = new Member(free.get(random.nextInt(free.size())), ++lastIncarnation);
    disk.claims.put(self.slot(), self.incarnation());
    SimNode node = new SimNode(self, this);
    nodes.add(node);
    bySlot.put(self.slot(), node);
    log(self + " starts");
    node.start();
    after(THRESHOLD / 6, () -> beatLoop(node));
    after(THRESHOLD / 12, () -> tickLoop(node));
    after(THRESHOLD / 4, () -> actLoop(node));
  }

  private void beatLoop(SimNode node) {
    on(node, node::beat);
    if (node.runs()) {
      after(THRESHOLD / 6, () -> beatLoop(node));
    }
  }

  private void tickLoop(SimNode node) {
    as(node, node::tick);
    trace(node.membership::toString);
    if (node.runs()) {
      after(THRESHOLD / 12, () -> tickLoop(node));
    }
  }

  private void actLoop(SimNode node) {
    if (quiet || !node.runs()) {
      return;
    }
    if (node.membership.view() == null) {
      after(THRESHOLD / 10, () -> actLoop(node));
      return;
    }
    as(node, node::act);
    after(1 + random.nextInt((int) (THRESHOLD / 40)), () -> actLoop(node));
  }

  /** The running node of an incarnation, or null. */
  SimNode nodeOf(Member member) {
    SimNode node = bySlot.get(member.slot());
    return node != null && node.runs() && node.self.equals(member) ? node : null;
  }

  void crashes(SimNode node) {
    log(node.self + " crashes");
    ends(node);
  }

  /** It stops by itself: it writes and says nothing more. */
  void withdraws(SimNode node, String reason) {
    log(node.self + " stops: " + reason);
    ends(node);
  }

  private void ends(SimNode node) {
    if (node.runs()) {
      statistics.add(Statistics.Kind.DEATHS);
      remove(node);
    }
  }

  void left(SimNode node) {
    log(node.self + " has left");
    statistics.add(Statistics.Kind.LEAVES);
    disk.free(node.self);
    remove(node);
  }

  private void remove(SimNode node) {
    node.stop();
    invariants.gone(node, node.app.locks());
    after(random.nextInt((int) (2 * THRESHOLD)), this::startNode);
  }

  /** Something reaches the disk: soon, or when that answers again; perhaps after the node's end. */
  void io(SimNode node, Runnable arrives) {
    after(1 + random.nextInt(10_000_000), () -> arriveOrWait(node, arrives));
  }

  private void arriveOrWait(SimNode node, Runnable arrives) {
    long wait = node.diskStalledUntil - now();
    if (wait <= 0) {
      arrives.run();
    } else if (node.runs() || wait < 2 * THRESHOLD) {
      after(Math.min(wait, THRESHOLD / 5), () -> arriveOrWait(node, arrives));
    }
  }

  long nextValue() {
    return ++lastValue;
  }

  // ---- recovery

  void fence(SimNode fencer, Member victim) {
    log(fencer.self + " fences " + victim);
    statistics.add(Statistics.Kind.FENCES);
    invariants.fenceRequested(victim, faults.leavesTheNetworkWhole());
    boolean fails = !quiet && random.nextDouble() < faults.fenceFailure();
    if (plant.reportsFencesEarly() && !fails) {
      after(0, () -> as(fencer, () -> fencer.membership.fenced(victim, fencer.localNow())));
    }
    after(
        1 + random.nextInt((int) (THRESHOLD / 5)),
        () -> {
          // Who is fenced itself has no registration left to fence by.
          boolean done = !fails && !disk.isFenced(fencer.self);
          if (done && !plant.skipsFences()) {
            if (nodeOf(victim) != null) {
              log(victim + " is fenced alive");
              statistics.add(Statistics.Kind.FENCED_ALIVE);
            }
            disk.fence(victim);
          }
          as(
              fencer,
              () -> {
                if (done) {
                  fencer.membership.fenced(victim, fencer.localNow());
                } else {
                  fencer.membership.fenceFailed(victim, fencer.localNow());
                }
              });
        });
  }

  void replay(SimNode replayer, Member dead) {
    log(replayer.self + " replays " + dead);
    statistics.add(Statistics.Kind.REPLAYS);
    invariants.replayBegins(replayer, dead);
    after(
        1 + random.nextInt((int) (THRESHOLD / 5)),
        () ->
            as(
                replayer,
                () -> {
                  if (replayer.mayWrite()) {
                    invariants.replayEnds(replayer, dead);
                    disk.free(dead);
                    replayer.membership.replayed(dead, replayer.localNow());
                  }
                }));
  }
}
