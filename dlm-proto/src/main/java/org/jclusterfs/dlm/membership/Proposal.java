package org.jclusterfs.dlm.membership;

import java.util.List;
import java.util.Set;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/**
 * A view that is being agreed.
 *
 * @param number of the view
 * @param members of the view, by slot
 * @param dead fenced incarnations whose journals are to be replayed in it, by slot
 */
record Proposal(long number, List<Member> members, List<Member> dead) {
  Proposal {
    members = members.stream().sorted().toList();
    dead = dead.stream().sorted().toList();
  }

  boolean proposes(Set<Member> wantedMembers, Set<Member> wantedDead) {
    return Set.copyOf(members).equals(wantedMembers) && Set.copyOf(dead).equals(wantedDead);
  }

  View toView() {
    return new View(number, members, dead);
  }
}
