package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;

/** Third step of recovery: the lock engines of all members have what the dead mastered. */
final class Rebuilding implements RecoveryStep {
  private final Knowledge known;

  Rebuilding(Knowledge known) {
    this.known = known;
  }

  @Override
  public boolean advance(Set<Member> base) {
    Set<Integer> heard = known.recovered.getOrDefault(known.view.number(), Set.of());
    return heard.size() >= known.view.members().size();
  }
}
