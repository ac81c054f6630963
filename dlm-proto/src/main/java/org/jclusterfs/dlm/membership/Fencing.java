package org.jclusterfs.dlm.membership;

import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;

/**
 * First step of recovery: nobody who is condemned can write any more. It stays here, and asks again
 * and again, as long as a fence cannot be confirmed.
 */
final class Fencing implements RecoveryStep {
  private final Knowledge known;
  private final Requests fences;
  private final Set<Member> condemned = new TreeSet<>();

  Fencing(Knowledge known) {
    this.known = known;
    fences = new Requests(known.out::requestFence, known.retryNanos());
  }

  /** These are lost: there is no way back for them. */
  void condemn(Set<Member> lost) {
    condemned.addAll(lost);
  }

  boolean isCondemned(Member member) {
    return condemned.contains(member);
  }

  /** Members condemned whose journals are not replayed yet. */
  Set<Member> condemned() {
    return condemned;
  }

  @Override
  public boolean advance(Set<Member> base) {
    condemnStrays(base);
    condemned.removeAll(known.buried);
    boolean all = true;
    for (Member member : condemned) {
      if (!fences.isDone(member) && !known.unburied().contains(member)) {
        fences.ensure(member, known.now);
        all = false;
      }
    }
    return all;
  }

  /** Who claims a slot, is no member and does not beat. */
  private void condemnStrays(Set<Member> base) {
    Set<Member> unburied = known.unburied();
    for (Member member : known.disk.members()) {
      if (!base.contains(member)
          && !unburied.contains(member)
          && !known.buried.contains(member)
          && member.slot() != known.self.slot()
          && known.disk.pulse(member) == DiskWatch.Pulse.DEAD) {
        condemned.add(member);
      }
    }
  }

  void succeeded(Member victim) {
    fences.succeeded(victim);
  }

  void failed(Member victim) {
    fences.failed(victim, known.now);
  }

  void buried(Member member) {
    condemned.remove(member);
  }
}
