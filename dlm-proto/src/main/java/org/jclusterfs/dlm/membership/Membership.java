package org.jclusterfs.dlm.membership;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;
import org.jclusterfs.dlm.View;

/**
 * One node's part of the cluster membership, as a deterministic state machine without thread, clock
 * or socket. All times are nanoseconds of one monotonic clock of this host that also counts while
 * it sleeps. {@link NodeState} has the states of a node, {@link Coordinator} the phases of a change
 * of view.
 *
 * <p>Not thread-safe: the owner serialises all calls. An input given from within an output is
 * handled when the running input is done.
 */
public final class Membership {
  private final Knowledge known;
  private final Coordinator coordinator;
  private final Queue<Runnable> inputs = new ArrayDeque<>();
  private NodeState state;
  private boolean draining;
  private boolean beaten;
  private long lastBeatSubmitted;

  /**
   * Starts to join: the slot is claimed on disk, heartbeats are being written.
   *
   * @param self this node's slot and incarnation
   * @param thresholdNanos T: a heartbeat unchanged for so long means death
   */
  public Membership(Member self, long thresholdNanos, MembershipOutput out) {
    known = new Knowledge(self, thresholdNanos, out);
    coordinator = new Coordinator(known);
    state = new Joining(known, coordinator);
  }

  private void input(long nowNanos, Runnable change) {
    inputs.add(
        () -> {
          known.now = Math.max(known.now, nowNanos);
          if (!(state instanceof Stopped)) {
            change.run();
            step();
          }
        });
    if (draining) {
      return;
    }
    draining = true;
    try {
      while (!inputs.isEmpty()) {
        inputs.remove().run();
      }
    } finally {
      draining = false;
    }
  }

  private void step() {
    if (beaten && known.now >= writeDeadlineNanos()) {
      stop("no heartbeat reached the disk in time");
    }
    NodeState before;
    do {
      before = state;
      NodeState next = before.evaluate();
      if (state == before) {
        state = next;
      }
    } while (state != before);
  }

  private void stop(String reason) {
    if (!(state instanceof Stopped)) {
      state = new Stopped(known, reason);
    }
  }

  /** Time passes; call it every T/12 or more often. */
  public void tick(long nowNanos) {
    input(nowNanos, () -> {});
  }

  /**
   * A complete scan of slot descriptors and heartbeat blocks.
   *
   * @param startedAtNanos before the first block was asked for
   * @param nowNanos after the last block was read
   * @param claimed every claimed slot, this node's own included
   */
  public void scanned(long startedAtNanos, long nowNanos, List<Heartbeat> claimed) {
    input(
        nowNanos,
        () -> {
          known.disk.scan(startedAtNanos, nowNanos, claimed, known.base());
        });
  }

  /**
   * The highest view number in any heartbeat block, those of free slots included; give it before
   * the first scan, so that numbers go on where an earlier cluster ended.
   */
  public void noteView(long number) {
    known.disk.noteView(number);
  }

  /**
   * A heartbeat of this node is on the disk.
   *
   * @param submittedAtNanos when it was submitted; its content was taken from {@link
   *     #heartbeatState}, {@link #heartbeatView} and {@link #connected} after that, never before
   */
  public void ownHeartbeatCompleted(long submittedAtNanos, long nowNanos) {
    input(
        nowNanos,
        () -> {
          if (beaten && known.now >= writeDeadlineNanos()) {
            return; // too late: the lease has ended for good
          }
          lastBeatSubmitted =
              beaten ? Math.max(lastBeatSubmitted, submittedAtNanos) : submittedAtNanos;
          beaten = true;
          if (state instanceof Forming forming) {
            forming.beatCompleted(submittedAtNanos);
          } else if (state instanceof Living living) {
            living.beatCompleted(submittedAtNanos);
          } else if (state instanceof Leaving leaving) {
            leaving.beatCompleted(submittedAtNanos);
          }
        });
  }

  /**
   * When this node must stop to write unless another heartbeat completes, for the write gate;
   * {@link Long#MIN_VALUE} before the first one.
   */
  public long writeDeadlineNanos() {
    return beaten ? lastBeatSubmitted + known.threshold / 3 * 2 : Long.MIN_VALUE;
  }

  /** An authenticated connection to a peer stands. */
  public void connectionUp(int slot, long incarnation, long nowNanos) {
    input(
        nowNanos,
        () -> {
          known.connections.put(slot, incarnation);
          if (state instanceof Joining joining) {
            joining.askAgain();
          }
        });
  }

  /** The connection to a peer broke. */
  public void connectionDown(int slot, long nowNanos) {
    input(nowNanos, () -> known.connections.remove(slot));
  }

  /** Whether a message from the transport is for the membership; else it is the engine's. */
  public static boolean accepts(ByteBuffer message) {
    return message.hasRemaining()
        && MessageType.ofCode(message.get(message.position())).isMembership();
  }

  /**
   * A message from a peer's membership, per peer in the order sent.
   *
   * @throws org.jclusterfs.dlm.WireException if the message is malformed
   */
  public void receive(int fromSlot, ByteBuffer message, long nowNanos) {
    MessageType type = MembershipCodec.open(message);
    long view = MembershipCodec.view(message);
    switch (type) {
      case JOIN -> {
        Member joiner = new Member(fromSlot, MembershipCodec.number(message));
        BitSet connected = MembershipCodec.connected(message);
        input(nowNanos, () -> onJoin(joiner, connected));
      }
      case LEAVE -> {
        Member leaver = new Member(fromSlot, MembershipCodec.number(message));
        input(nowNanos, () -> onLeave(leaver));
      }
      case LEFT -> {
        long incarnation = MembershipCodec.number(message);
        input(nowNanos, () -> onLeft(incarnation));
      }
      case PREPARE -> {
        Proposal proposal = MembershipCodec.proposal(message);
        input(nowNanos, () -> onPrepare(fromSlot, proposal));
      }
      case COMMIT -> {
        Proposal proposal = MembershipCodec.proposal(message);
        input(nowNanos, () -> onCommit(proposal));
      }
      case PREPARED -> input(nowNanos, () -> coordinator.promised(fromSlot, view));
      case REFUSED -> {
        long promised = MembershipCodec.number(message);
        input(nowNanos, () -> coordinator.refused(view, promised));
      }
      case RECOVERED -> input(nowNanos, () -> onRecovered(fromSlot, view));
      default -> input(nowNanos, () -> onUnblock(view)); // UNBLOCK: open() lets nothing else pass
    }
  }

  private void onJoin(Member joiner, BitSet connected) {
    if (known.view == null) {
      return;
    }
    if (known.view.members().contains(joiner)) {
      // Its COMMIT is on the way, or was lost with a coordinator that died while it sent them.
      Proposal installed =
          new Proposal(known.view.number(), known.view.members(), known.view.dead());
      known.send(joiner, MembershipCodec.proposal(MessageType.COMMIT, installed));
    } else {
      known.joiners.keySet().removeIf(other -> other.slot() == joiner.slot());
      known.joiners.put(joiner, connected);
    }
  }

  private void onLeave(Member leaver) {
    if (known.view == null) {
      return;
    }
    if (!known.preparedIsNewer() && !known.view.members().contains(leaver)) {
      known.send(
          leaver,
          MembershipCodec.withNumber(MessageType.LEFT, known.view.number(), leaver.incarnation()));
    } else {
      known.leavers.add(leaver);
    }
  }

  private void onLeft(long incarnation) {
    if (state instanceof Leaving && incarnation == known.self.incarnation()) {
      state = new Stopped(known, null);
    }
  }

  private void onPrepare(int from, Proposal proposal) {
    if (proposal.number() <= known.promised || !proposal.members().contains(known.self)) {
      long promised = Math.max(known.promised, proposal.number() - 1);
      known.out.send(
          from, MembershipCodec.withNumber(MessageType.REFUSED, proposal.number(), promised));
      return;
    }
    known.promised = proposal.number();
    known.prepared = proposal;
    known.preparedBy = from;
    known.out.send(from, MembershipCodec.plain(MessageType.PREPARED, proposal.number()));
  }

  private void onCommit(Proposal proposal) {
    boolean newer = known.view == null || proposal.number() > known.view.number();
    if (!newer || proposal.number() < known.promised) {
      return; // superseded: a newer proposal is under way
    }
    if (proposal.members().contains(known.self)) {
      known.install(proposal);
    }
  }

  private void onRecovered(int slot, long view) {
    if (known.view == null || view >= known.view.number()) {
      known.recovered.computeIfAbsent(view, number -> new TreeSet<>()).add(slot);
    }
  }

  private void onUnblock(long view) {
    if (known.view != null && view == known.view.number() && !known.unblocked) {
      known.unblock();
    }
  }

  /** A fence that was requested is confirmed. */
  public void fenced(Member victim, long nowNanos) {
    input(nowNanos, () -> coordinator.fenced(victim));
  }

  /** A fence could not be confirmed; it is requested again later. */
  public void fenceFailed(Member victim, long nowNanos) {
    input(nowNanos, () -> coordinator.fenceFailed(victim));
  }

  /** A journal is replayed and its slot free. */
  public void replayed(Member dead, long nowNanos) {
    input(nowNanos, () -> coordinator.replayed(dead));
  }

  /** A journal could not be replayed; it is requested again later. */
  public void replayFailed(Member dead, long nowNanos) {
    input(nowNanos, () -> coordinator.replayFailed(dead));
  }

  /** The engine said {@link org.jclusterfs.dlm.EngineOutput#recovered}. */
  public void engineRecovered(long viewNumber, long nowNanos) {
    input(
        nowNanos,
        () -> {
          if (known.view == null || known.view.number() != viewNumber) {
            return;
          }
          int lowest = known.view.lowest();
          if (lowest == known.self.slot()) {
            onRecovered(lowest, viewNumber);
          } else {
            known.out.send(lowest, MembershipCodec.plain(MessageType.RECOVERED, viewNumber));
          }
        });
  }

  /** This node has given up all locks, its journal is clean: leave without being fenced. */
  public void leave(long nowNanos) {
    input(
        nowNanos,
        () -> {
          if (state instanceof Living living) {
            state = new Leaving(known, living, coordinator);
            known.out.publish();
          } else if (!(state instanceof Leaving)) {
            state = new Stopped(known, null);
          }
        });
  }

  /** The state to publish in the next heartbeat. */
  public HeartbeatState heartbeatState() {
    return state.heartbeat();
  }

  /** The view number to publish in the next heartbeat. */
  public long heartbeatView() {
    return state.heartbeatView();
  }

  /** The connections to publish in the next heartbeat; a copy. */
  public BitSet connected() {
    return known.connected();
  }

  /** The view this node lives in, or null. */
  public View view() {
    return known.view;
  }

  /** Whether the view's dead are replayed, so that ordinary locks are granted. */
  public boolean unblocked() {
    return known.unblocked;
  }

  /** One line for people: state, phase of a change of view, and how the others' hearts beat. */
  @Override
  public String toString() {
    return known.self
        + " "
        + state.getClass().getSimpleName()
        + " "
        + coordinator.phase()
        + " view "
        + known.view
        + " prepared "
        + known.prepared
        + " by "
        + known.preparedBy
        + " pulses "
        + known.disk;
  }
}
