package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;

/**
 * Holds no lock and asks to be let go, once no journal is being replayed here: whoever takes over
 * would replay it, too. The last one, or the lowest where all are leaving, lets the others go and
 * goes.
 */
final class Leaving implements NodeState {
  private final Knowledge known;
  private final Living living;
  private final Coordinator coordinator;
  private final long retryNanos;
  private long askedAt;
  private boolean asked;

  Leaving(Knowledge known, Living living, Coordinator coordinator) {
    this.known = known;
    this.living = living;
    this.coordinator = coordinator;
    retryNanos = known.threshold / 30;
  }

  /** A beat is on the disk. */
  void beatCompleted(long submittedAt) {
    living.beatCompleted(submittedAt);
  }

  @Override
  public HeartbeatState heartbeat() {
    return HeartbeatState.LEAVING;
  }

  @Override
  public long heartbeatView() {
    return known.view.number();
  }

  @Override
  public NodeState evaluate() {
    if (!known.leavers.contains(known.self)) {
      if (coordinator.isReplaying()) {
        NodeState next = living.evaluate();
        return next == living ? this : next;
      }
      known.leavers.add(known.self);
    }
    Set<Member> live = known.base();
    live.removeIf(
        member -> !member.equals(known.self) && known.disk.pulse(member) == DiskWatch.Pulse.DEAD);
    if (known.leavers.containsAll(live) && live.iterator().next().equals(known.self)) {
      for (Member member : live) {
        if (!member.equals(known.self)) {
          known.send(
              member,
              MembershipCodec.withNumber(
                  MessageType.LEFT, known.view.number(), member.incarnation()));
        }
      }
      return new Stopped(known, null);
    }
    NodeState next = living.evaluate();
    if (next != living) {
      return next;
    }
    if (!asked || known.now - askedAt >= retryNanos) {
      asked = true;
      askedAt = known.now;
      for (Member member : live) {
        known.send(
            member,
            MembershipCodec.withNumber(
                MessageType.LEAVE, known.view.number(), known.self.incarnation()));
      }
    }
    return this;
  }
}
