package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;

/**
 * Holds no lock and asks to be let go. The last one, or the lowest where all are leaving, lets the
 * others go and goes.
 */
final class Leaving implements NodeState {
  private final Knowledge known;
  private final Living living;
  private final long retryNanos;
  private long askedAt;
  private boolean asked;

  Leaving(Knowledge known, Living living) {
    this.known = known;
    this.living = living;
    retryNanos = known.threshold / 30;
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
