package org.jclusterfs.dlm.membership;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;
import org.jclusterfs.dlm.View;

/**
 * Memberships on one disk and a perfect network, moved by hand: time passes in {@link #round}s, and
 * everything that happens is written down. Fences and replays succeed at once unless a test holds
 * them.
 */
final class MembershipScript {
  static final long THRESHOLD = 1_200_000_000L;

  /** One incarnation of a node. */
  final class Node implements MembershipOutput {
    final Member self;
    final Membership membership;
    boolean runs = true;
    boolean disk = true;
    private long sequence;

    Node(int slot, long incarnation) {
      self = new Member(slot, incarnation);
      membership = new Membership(self, THRESHOLD, this);
      disks.put(slot, beat(HeartbeatState.JOINING, 0));
    }

    private Heartbeat beat(HeartbeatState state, long view) {
      return new Heartbeat(
          self.slot(), self.incarnation(), sequence, state, view, membership.connected());
    }

    /** Writes a heartbeat, which completes at once. */
    void beat() {
      long submitted = now++;
      sequence++;
      disks.put(self.slot(), beat(membership.heartbeatState(), membership.heartbeatView()));
      membership.ownHeartbeatCompleted(submitted, now++);
    }

    void scan() {
      long started = now++;
      membership.scanned(started, now++, List.copyOf(disks.values()));
    }

    void leave() {
      membership.leave(now);
    }

    /** Falls silent; what it sent goes on. */
    void crash() {
      runs = false;
    }

    private void note(String what) {
      lines.add(self + " " + what);
    }

    @Override
    public void send(int slot, ByteBuffer message) {
      boolean commit = MessageType.ofCode(message.get(0)) == MessageType.COMMIT;
      steps.add(new Step(self.slot(), slot, commit, () -> deliver(slot, message)));
    }

    private void deliver(int slot, ByteBuffer message) {
      Node to = nodes.get(slot);
      if (to != null && to.runs) {
        to.membership.receive(self.slot(), message, now);
      }
    }

    @Override
    public void installView(View view) {
      note("in view " + view.number() % 1_000_000 + " of " + view.members());
      work("recovers", self, () -> membership.engineRecovered(view.number(), now));
    }

    @Override
    public void requestFence(Member victim) {
      note("fences " + victim);
      work(
          "fence",
          victim,
          () -> {
            fenced.add(victim);
            membership.fenced(victim, now);
          });
    }

    @Override
    public void requestReplay(Member dead) {
      note("replays " + dead);
      if (!fenced.contains(dead)) {
        throw new AssertionError(dead + " is replayed before it is fenced");
      }
      work(
          "replay",
          dead,
          () -> {
            replayed.add(dead);
            Heartbeat there = disks.get(dead.slot());
            if (there != null && there.incarnation() == dead.incarnation()) {
              disks.remove(dead.slot());
            }
            membership.replayed(dead, now);
          });
    }

    private void work(String what, Member whom, Runnable action) {
      Step step = new Step(self.slot(), self.slot(), false, () -> ifRuns(action));
      (held.test(what + " " + whom) ? heldSteps : steps).add(step);
    }

    private void ifRuns(Runnable action) {
      if (runs) {
        action.run();
      }
    }

    @Override
    public void unblock(long viewNumber) {
      note("unblocks " + viewNumber % 1_000_000);
    }

    @Override
    public void left() {
      note("has left");
      runs = false;
      disks.remove(self.slot());
    }

    @Override
    public void selfStop(String reason) {
      note("stops: " + reason);
      runs = false;
    }
  }

  record Step(int from, int to, boolean isCommit, Runnable action) {}

  final Map<Integer, Node> nodes = new TreeMap<>();
  final Map<Integer, Heartbeat> disks = new TreeMap<>();
  final Set<Member> fenced = new TreeSet<>();
  final Set<Member> replayed = new TreeSet<>();
  final List<String> lines = new ArrayList<>();
  final Deque<Step> steps = new ArrayDeque<>();
  final Deque<Step> heldSteps = new ArrayDeque<>();
  Predicate<String> held = what -> false;
  long now = 1;

  /** A node that claimed its slot and is connected to all that run. */
  Node start(int slot, long incarnation) {
    Node node = new Node(slot, incarnation);
    nodes.put(slot, node);
    for (Node other : List.copyOf(nodes.values())) {
      if (other != node && other.runs) {
        connect(node, other);
      }
    }
    return node;
  }

  private void connect(Node a, Node b) {
    a.membership.connectionUp(b.self.slot(), b.self.incarnation(), now);
    b.membership.connectionUp(a.self.slot(), a.self.incarnation(), now);
  }

  /** Nodes in these slots, admitted one after the other; the incarnation is the slot's number. */
  static MembershipScript cluster(int... slots) {
    MembershipScript script = new MembershipScript();
    for (int slot : slots) {
      script.start(slot, slot);
      script.rounds(4);
    }
    script.take();
    return script;
  }

  Node at(int slot) {
    return nodes.get(slot);
  }

  /** T/12 passes: everybody beats, scans and ticks; then all that was sent arrives. */
  void round() {
    beatAndScan();
    settle();
  }

  /** T/12 passes: everybody beats, scans and ticks. */
  void beatAndScan() {
    now += THRESHOLD / 12;
    for (Node node : List.copyOf(nodes.values())) {
      if (node.runs && node.disk) {
        node.beat();
        node.scan();
      }
      if (node.runs) {
        node.membership.tick(now);
      }
    }
  }

  void rounds(int count) {
    for (int i = 0; i < count; i++) {
      round();
    }
  }

  void settle() {
    while (step()) {
      // until nothing is under way
    }
  }

  /** One message or piece of work; false where there is none. */
  boolean step() {
    if (steps.isEmpty()) {
      return false;
    }
    now++;
    steps.remove().action().run();
    return true;
  }

  /** Lets what was held go on. */
  void release() {
    held = what -> false;
    steps.addAll(heldSteps);
    heldSteps.clear();
    settle();
  }

  /** What was written down since the last call. */
  String take() {
    String text = String.join("\n", lines);
    lines.clear();
    return text;
  }
}
