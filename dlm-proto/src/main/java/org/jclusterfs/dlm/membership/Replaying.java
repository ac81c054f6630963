package org.jclusterfs.dlm.membership;

import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;

/** Last step of recovery: the journals of the dead are replayed; then everything is granted. */
final class Replaying implements RecoveryStep {
  private final Knowledge known;
  private final Requests replays;

  Replaying(Knowledge known) {
    this.known = known;
    replays = new Requests(known.out::requestReplay, known.retryNanos());
  }

  @Override
  public boolean advance(Set<Member> base) {
    Set<Member> waiting = new TreeSet<>(known.dead);
    waiting.removeAll(known.buried);
    waiting.forEach(member -> replays.ensure(member, known.now));
    if (waiting.isEmpty() && !known.unblocked) {
      for (Member member : known.view.members()) {
        if (!member.equals(known.self)) {
          known.out.send(
              member.slot(), MembershipCodec.plain(MessageType.UNBLOCK, known.view.number()));
        }
      }
      known.unblock();
    }
    return waiting.isEmpty();
  }

  /** Whether this node reads a dead node's journal just now: nobody else may do that meanwhile. */
  boolean isRunning() {
    return replays.isRunning();
  }

  void succeeded(Member member) {
    replays.succeeded(member);
    known.buried.add(member);
  }

  void failed(Member member) {
    replays.failed(member, known.now);
  }
}
