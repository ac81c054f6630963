package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;
import org.jclusterfs.dlm.View;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.membership.Membership;

/**
 * A whole cluster in virtual time, from one seed. Checked at every grant, which is the only event
 * that can break it: no incompatible lock is held by any node that may still write; a value block
 * that is said to be valid is the last one written; no ordinary lock is granted while a journal is
 * replayed. Checked after every event of a node: no region has had two masters in one epoch.
 * Checked at every replay: the incarnation is fenced, and nobody else who may write is at its
 * journal. Checked at every fence, where the network is whole: the victim may not write any more.
 * Checked at the end, when faults have stopped: every waiter was served, all nodes live in one
 * view, no slot of a dead one is left.
 */
final class ClusterSimulation {
  static final long THRESHOLD = 1_000_000_000L;
  private static final boolean TRACE = Boolean.getBoolean("jclusterfs.dlm.simulation.trace");
  static final int REGIONS = 6;
  static final byte[] UNKNOWN = new byte[0];

  private record Event(long at, long order, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private record RegionEpoch(int region, long epoch) {}

  private record Link(Member from, Member to) {}

  final Random random;
  final SimDisk disk = new SimDisk();
  final Map<LockName, byte[]> values = new HashMap<>();
  long now;
  boolean quiet;

  /** Requests in a row after which a region moves; doubled by each move. */
  final int patience;

  long events;
  long grants;
  long views;
  long moves;

  /** What is wrong with the protocol. */
  Plant plant = Plant.NONE;

  private final Map<Object, byte[]> plantMemory = new HashMap<>();
  private final int nodeCount;
  private final Faults faults;
  private final PriorityQueue<Event> queue = new PriorityQueue<>();
  private final List<SimNode> nodes = new ArrayList<>();
  private final Map<Link, Deque<ByteBuffer>> inFlight = new HashMap<>();
  private final Set<Link> known = new HashSet<>();
  private final Set<Link> connected = new HashSet<>();
  // From a slot to a slot, until when nothing gets through.
  private final Map<List<Integer>, Long> cuts = new HashMap<>();
  private final Map<Long, List<Member>> installedViews = new HashMap<>();
  private final Map<RegionEpoch, Member> masters = new HashMap<>();
  private final Map<Member, SimNode> replayers = new HashMap<>();
  private final Deque<String> log = new ArrayDeque<>();
  private long order;
  private long lastIncarnation;
  private long lastValue;

  ClusterSimulation(long seed, int nodeCount, Faults faults) {
    random = new Random(seed);
    patience = 1 + random.nextInt(6);
    this.nodeCount = nodeCount;
    this.faults = faults;
  }

  /** Runs faults and load for so long, then lets everything settle and checks that it did. */
  void run(long seconds) {
    try {
      for (int i = 0; i < nodeCount; i++) {
        after(random.nextInt(300_000_000), this::startNode);
      }
      after(THRESHOLD / 10, this::strike);
      runUntil(seconds * THRESHOLD);
      quiet = true;
      cuts.clear();
      for (SimNode node : nodes) {
        node.pausedUntil = 0;
        node.diskStalledUntil = 0;
      }
      runUntil(now + 12 * THRESHOLD);
      nodes.forEach(node -> on(node, node::releaseAll));
      runUntil(now + 4 * THRESHOLD);
      checkSettled();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + String.join("\n", log), e);
    }
  }

  private void runUntil(long end) {
    while (!queue.isEmpty() && queue.peek().at() <= end) {
      Event event = queue.remove();
      now = event.at();
      events++;
      event.action().run();
    }
    now = end;
  }

  void after(long delay, Runnable action) {
    queue.add(new Event(now + delay, ++order, action));
  }

  /** Runs something as a node; later where it is paused, never where it is gone. */
  void on(SimNode node, Runnable action) {
    if (!node.runs()) {
      return;
    }
    if (node.pausedUntil > now) {
      after(node.pausedUntil - now + 1, () -> on(node, action));
    } else {
      action.run();
      checkMasters(node);
    }
  }

  void log(String line) {
    log.add(String.format("%9.3f %s", now / 1e9, line));
    if (log.size() > (TRACE ? 100_000 : 120)) {
      log.remove();
    }
  }

  void check(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message + " at " + now / 1e9);
    }
  }

  // ---- nodes ----

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
    log(self + " starts");
    beatLoop(node);
    tickLoop(node);
    actLoop(node);
  }

  private void beatLoop(SimNode node) {
    on(node, node::beatAndScan);
    if (node.runs()) {
      after(THRESHOLD / 6, () -> beatLoop(node));
    }
  }

  private void tickLoop(SimNode node) {
    on(node, () -> node.membership.tick(node.localNow()));
    if (TRACE) {
      log(node.membership.toString());
    }
    if (node.runs()) {
      after(THRESHOLD / 12, () -> tickLoop(node));
    }
  }

  private void actLoop(SimNode node) {
    if (!quiet) {
      on(node, node::act);
    }
    if (node.runs()) {
      after(random.nextInt((int) (THRESHOLD / 20)), () -> actLoop(node));
    }
  }

  /** It writes no more: crashed, fenced or stopped by itself. */
  void stop(SimNode node) {
    if (node.runs()) {
      node.stopped = true;
      spoilValues(node);
      after(random.nextInt((int) (2 * THRESHOLD)), this::startNode);
    }
  }

  private void spoilValues(SimNode node) {
    for (SimNode.AppLock lock : node.locks.values()) {
      if (lock.held != null && lock.held.covers(LockMode.PW) && lock.range.isWhole()) {
        values.put(lock.name, UNKNOWN);
      }
    }
  }

  void left(SimNode node) {
    log(node.self + " has left");
    node.hasLeft = true;
    disk.free(node.self);
    after(random.nextInt((int) (2 * THRESHOLD)), this::startNode);
  }

  long latency(SimNode node) {
    long stall = Math.max(0, node.diskStalledUntil - now);
    return stall + random.nextInt(10_000_000);
  }

  // ---- faults ----

  private void strike() {
    if (quiet) {
      return;
    }
    after(THRESHOLD / 10, this::strike);
    for (SimNode node : List.copyOf(nodes)) {
      if (!node.runs()) {
        continue;
      }
      if (chance(faults.crash())) {
        log(node.self + " crashes");
        stop(node);
      } else if (chance(faults.pause())) {
        node.pausedUntil = now + (long) (random.nextDouble() * 2 * THRESHOLD);
        log(node.self + " pauses until " + node.pausedUntil / 1e9);
      } else if (chance(faults.diskStall())) {
        node.diskStalledUntil = now + (long) (random.nextDouble() * 1.5 * THRESHOLD);
        log(node.self + " loses its disk until " + node.diskStalledUntil / 1e9);
      } else if (chance(faults.leave())) {
        on(node, node::tryToLeave);
      } else if (chance(faults.cut())) {
        int other = nodes.get(random.nextInt(nodes.size())).self.slot();
        if (other != node.self.slot()) {
          long until = now + (long) (random.nextDouble() * 3 * THRESHOLD);
          boolean oneWay = random.nextInt(3) == 0;
          cut(node.self.slot(), other, until);
          if (!oneWay) {
            cut(other, node.self.slot(), until);
          }
        }
      }
    }
    nodes.removeIf(node -> !node.runs());
  }

  private boolean chance(double perSecond) {
    return random.nextDouble() < perSecond / 10;
  }

  private void cut(int from, int to, long until) {
    cuts.put(List.of(from, to), until);
    log("cut from " + from + " to " + to + " until " + until / 1e9);
    after(
        until - now + 1,
        () ->
            known.stream()
                .filter(link -> link.from().slot() == from && link.to().slot() == to)
                .toList()
                .forEach(this::deliverNext));
  }

  private boolean isCut(int from, int to) {
    return cuts.getOrDefault(List.of(from, to), 0L) > now;
  }

  // ---- network ----

  /** The transport of a node learns its peers from a scan. */
  void sees(SimNode node, List<Heartbeat> seen) {
    for (Heartbeat beat : seen) {
      if (beat.slot() != node.self.slot()) {
        known.add(new Link(node.self, new Member(beat.slot(), beat.incarnation())));
      }
    }
    for (SimNode other : List.copyOf(nodes)) {
      if (other != node) {
        refresh(node, other);
      }
    }
  }

  private void refresh(SimNode a, SimNode b) {
    Link there = new Link(a.self, b.self);
    Link back = new Link(b.self, a.self);
    boolean up =
        b.runs()
            && known.contains(there)
            && known.contains(back)
            && !isCut(a.self.slot(), b.self.slot())
            && !isCut(b.self.slot(), a.self.slot());
    if (up && connected.add(there)) {
      connected.add(back);
      after(
          random.nextInt(5_000_000),
          () ->
              on(
                  a,
                  () ->
                      a.membership.connectionUp(
                          b.self.slot(), b.self.incarnation(), a.localNow())));
      after(
          random.nextInt(5_000_000),
          () ->
              on(
                  b,
                  () ->
                      b.membership.connectionUp(
                          a.self.slot(), a.self.incarnation(), b.localNow())));
      after(1, () -> deliverNext(there));
      after(1, () -> deliverNext(back));
    } else if (!up && connected.remove(there)) {
      connected.remove(back);
      on(a, () -> a.membership.connectionDown(b.self.slot(), a.localNow()));
      on(b, () -> b.membership.connectionDown(a.self.slot(), b.localNow()));
    }
  }

  void send(SimNode from, int slot, ByteBuffer message) {
    Long incarnation = null;
    for (Link link : known) {
      if (link.from().equals(from.self) && link.to().slot() == slot) {
        incarnation =
            incarnation == null
                ? link.to().incarnation()
                : Math.max(incarnation, link.to().incarnation());
      }
    }
    if (incarnation == null) {
      return;
    }
    Link link = new Link(from.self, new Member(slot, incarnation));
    Deque<ByteBuffer> messages = inFlight.computeIfAbsent(link, l -> new ArrayDeque<>());
    if (plant == Plant.DRAINED_TOO_EARLY
        && MessageType.ofCode(message.get(0)) == MessageType.DRAINED) {
      messages.addFirst(message);
    } else {
      messages.add(plant.sent(message, plantMemory));
    }
    after(random.nextInt(8_000_000), () -> deliverNext(link));
  }

  /** Delivers the oldest message of a link; order is kept whatever the delays. */
  private void deliverNext(Link link) {
    Deque<ByteBuffer> messages = inFlight.get(link);
    SimNode to = nodeOf(link.to());
    if (messages == null || messages.isEmpty() || to == null) {
      return;
    }
    if (!connected.contains(link) || isCut(link.from().slot(), link.to().slot())) {
      return; // goes on after the reconnect
    }
    if (to.pausedUntil > now) {
      after(to.pausedUntil - now + 1, () -> deliverNext(link));
      return;
    }
    ByteBuffer message = messages.remove();
    if (!messages.isEmpty()) {
      after(random.nextInt(1_000_000), () -> deliverNext(link));
    }
    if (Membership.accepts(message)) {
      if (TRACE) {
        log(link + " " + describe(message));
      }
      to.membership.receive(link.from().slot(), message, to.localNow());
    } else {
      if (TRACE) {
        log(link + " " + describe(message));
      }
      count(message);
      if (plant == Plant.OLD_EPOCH && message.get(0) <= MessageType.CANCEL.code()) {
        Long epoch = to.engine.masteredRegions().get(message.getInt(4));
        message.putLong(16, epoch == null ? message.getLong(16) : epoch);
      }
      to.engine.receive(link.from(), message);
      checkMasters(to);
    }
  }

  private void count(ByteBuffer message) {
    MessageType type = MessageType.ofCode(message.get(0));
    if (type == MessageType.MOVE) {
      moves++;
    }
  }

  private static String describe(ByteBuffer message) {
    return MessageType.ofCode(message.get(0))
        + " region "
        + message.getInt(4)
        + " view "
        + message.getLong(8)
        + " epoch "
        + message.getLong(16);
  }

  private SimNode nodeOf(Member member) {
    for (SimNode node : nodes) {
      if (node.self.equals(member)) {
        return node.runs() ? node : null;
      }
    }
    return null;
  }

  // ---- recovery ----

  void installed(SimNode node, View view) {
    log(node.self + " installs " + view);
    views++;
    List<Member> members = installedViews.putIfAbsent(view.number(), view.members());
    check(
        members == null || members.equals(view.members()),
        "View " + view.number() + " was agreed twice: " + members + " and " + view.members());
    if (!node.clean) {
      disk.dirty.add(node.self);
    }
  }

  void fence(SimNode fencer, Member victim) {
    log(fencer.self + " fences " + victim);
    SimNode judged = nodeOf(victim);
    check(
        faults.cut() > 0 || judged == null || !judged.mayWrite(),
        victim + " is taken for dead and may still write");
    after(
        random.nextInt((int) (THRESHOLD / 5)),
        () -> {
          boolean fails = !quiet && random.nextDouble() < faults.fenceFailure();
          if (!fails) {
            disk.fenced.add(victim);
            SimNode node = nodeOf(victim);
            if (node != null) {
              log(victim + " is fenced alive");
              stop(node);
            }
          }
          on(
              fencer,
              () -> {
                if (fails) {
                  fencer.membership.fenceFailed(victim, fencer.localNow());
                } else {
                  fencer.membership.fenced(victim, fencer.localNow());
                }
              });
        });
  }

  void replay(SimNode replayer, Member dead) {
    log(replayer.self + " replays " + dead);
    check(
        disk.fenced.contains(dead) || !disk.claims.containsValue(dead.incarnation()),
        "Journal of " + dead + " is read before it is fenced");
    SimNode other = replayers.put(dead, replayer);
    check(
        other == null || other == replayer || !other.mayWrite(),
        "Journal of " + dead + " is replayed by two");
    after(
        random.nextInt((int) (THRESHOLD / 5)),
        () ->
            on(
                replayer,
                () -> {
                  if (replayer.mayWrite()) {
                    replayers.remove(dead, replayer);
                    disk.free(dead);
                    replayer.membership.replayed(dead, replayer.localNow());
                  }
                }));
  }

  // ---- checks ----

  private void checkMasters(SimNode node) {
    node.engine
        .masteredRegions()
        .forEach(
            (region, epoch) -> {
              Member other = masters.putIfAbsent(new RegionEpoch(region, epoch), node.self);
              check(
                  other == null || other.equals(node.self),
                  "Region "
                      + region
                      + " has two masters in epoch "
                      + epoch
                      + ": "
                      + other
                      + " and "
                      + node.self);
            });
  }

  void granted(SimNode node, SimNode.AppLock lock, Grant grant) {
    if (TRACE) {
      log(
          node.self
              + " GRANTED "
              + lock.name
              + " "
              + lock.id
              + " "
              + grant.mode()
              + " generation "
              + grant.valueGeneration()
              + " value "
              + (grant.value() == null ? "none" : "" + ByteBuffer.wrap(grant.value()).getLong()));
    }
    if (!node.mayWrite()) {
      return;
    }
    grants++;
    // What a master granted before it knew of a death may arrive until the replay begins.
    replayers.forEach(
        (dead, replayer) ->
            check(
                !replayer.mayWrite(),
                node.self + " is granted a lock while the journal of " + dead + " is replayed"));
    for (SimNode other : nodes) {
      if (other == node || !other.mayWrite()) {
        continue;
      }
      for (SimNode.AppLock held : other.locks.values()) {
        check(
            held.held == null
                || !held.name.equals(lock.name)
                || held.held.compatibleWith(lock.held)
                || !held.range.overlaps(lock.range),
            lock.name
                + " is held "
                + lock.held
                + " by "
                + node.self
                + " and "
                + held.held
                + " by "
                + other.self);
      }
    }
    if (grant.value() != null && lock.held.covers(LockMode.PR)) {
      check(
          Arrays.equals(grant.value(), values.get(lock.name)),
          "The value of " + lock.name + " granted to " + node.self + " is not the last one");
    }
  }

  private void checkSettled() {
    View view = null;
    int living = 0;
    for (SimNode node : nodes) {
      if (!node.runs()) {
        continue;
      }
      living++;
      check(node.membership.view() != null, node.self + " was never admitted");
      check(node.membership.unblocked(), node.self + " is still blocked");
      view = view == null ? node.membership.view() : view;
      check(
          view.equals(node.membership.view()),
          "Two views: " + view + " and " + node.membership.view());
      check(node.queries == 0, node.self + " was not answered");
      check(node.locks.isEmpty(), node.self + " was not served: " + describe(node));
    }
    check(living > 0 && view.members().size() == living, living + " nodes live, view " + view);
    check(disk.claims.size() == living, "Slots left behind: " + disk.claims);
  }

  private static String describe(SimNode node) {
    StringBuilder text = new StringBuilder();
    node.locks
        .values()
        .forEach(
            l ->
                text.append(l.id)
                    .append(' ')
                    .append(l.name)
                    .append(' ')
                    .append(l.held)
                    .append("->")
                    .append(l.pending)
                    .append("; "));
    return text.toString();
  }

  // ---- load ----

  LockMode randomMode() {
    return LockMode.values()[random.nextInt(6)];
  }

  LockName randomName(boolean ranged, int favourite) {
    int region = random.nextInt(3) == 0 ? random.nextInt(REGIONS) : favourite;
    return new LockName(ranged ? 6 : 2, region, random.nextInt(2));
  }

  LockRange randomRange() {
    int start = random.nextInt(100);
    return new LockRange(start, start + random.nextInt(40));
  }

  byte[] newValue() {
    byte[] value = new byte[64];
    ByteBuffer.wrap(value).putLong(++lastValue);
    return value;
  }
}
