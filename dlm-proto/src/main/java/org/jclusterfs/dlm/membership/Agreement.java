package org.jclusterfs.dlm.membership;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;

/**
 * Second step of recovery, and the way in and out for living nodes: all members of the next view
 * promise to accept no older one, then it holds.
 */
final class Agreement implements RecoveryStep {
  private final Knowledge known;
  private final Fencing fencing;
  private final Set<Integer> promises = new HashSet<>();
  private Proposal proposal;

  Agreement(Knowledge known, Fencing fencing) {
    this.known = known;
    this.fencing = fencing;
  }

  @Override
  public void giveUp() {
    proposal = null;
  }

  @Override
  public boolean advance(Set<Member> base) {
    Set<Member> dead = new TreeSet<>(known.unburied());
    dead.addAll(fencing.condemned());
    Set<Member> members = new TreeSet<>(base);
    members.removeAll(dead);
    Set<Member> staying = new TreeSet<>(members);
    if (known.entered) {
      staying.removeAll(known.leavers); // else the disk would not tell that the cluster lives
    }
    if (!staying.isEmpty()) { // else all are leaving: see Leaving
      // Leaving, too, this node takes an accepted newcomer in before that one can let it go.
      staying.add(known.self);
      if (dead.isEmpty()) {
        // Not while journals wait: a newcomer with a lower slot would replay what is being
        // replayed.
        admit(staying);
      }
      propose(staying, dead);
    }
    return proposal == null;
  }

  private void propose(Set<Member> members, Set<Member> dead) {
    boolean asInstalled =
        known.view != null
            && !known.preparedIsNewer()
            && Set.copyOf(known.view.members()).equals(members)
            && known.dead.containsAll(dead);
    if (asInstalled) {
      proposal = null;
    } else if (proposal == null || !proposal.proposes(members, dead)) {
      start(
          new Proposal(
              known.nextNumber(), Set.copyOf(members).stream().toList(), dead.stream().toList()));
    }
  }

  private void admit(Set<Member> members) {
    for (Member joiner : new TreeSet<>(known.joiners.keySet())) {
      boolean slotTaken = members.stream().anyMatch(m -> m.slot() == joiner.slot());
      boolean reachesAll = members.stream().allMatch(m -> known.joiners.get(joiner).get(m.slot()));
      if (!slotTaken
          && reachesAll
          && known.isConnected(joiner)
          && !known.leavers.contains(joiner)
          && !known.buried.contains(joiner)
          && known.disk.isPresent(joiner)
          && known.disk.pulse(joiner) != DiskWatch.Pulse.DEAD) {
        members.add(joiner);
      }
    }
  }

  private void start(Proposal next) {
    proposal = next;
    promises.clear();
    known.promised = next.number();
    known.prepared = next;
    known.preparedBy = known.self.slot();
    for (Member member : next.members()) {
      if (!member.equals(known.self)) {
        known.out.send(member.slot(), MembershipCodec.proposal(MessageType.PREPARE, next));
      }
    }
    promised(known.self.slot(), next.number());
  }

  /** A member of the proposal will accept nothing older. */
  void promised(int slot, long number) {
    if (proposal == null || proposal.number() != number || !proposal.toView().contains(slot)) {
      return;
    }
    promises.add(slot);
    if (promises.size() == proposal.members().size()) {
      commit();
    }
  }

  /** A node has promised a higher number to another coordinator: try again above it. */
  void refused(long number, long promised) {
    if (proposal != null && proposal.number() == number) {
      known.promised = Math.max(known.promised, promised);
      proposal = null;
    }
  }

  private void commit() {
    Proposal committed = proposal;
    proposal = null;
    for (Member member : committed.members()) {
      if (!member.equals(known.self)) {
        known.out.send(member.slot(), MembershipCodec.proposal(MessageType.COMMIT, committed));
      }
    }
    for (Member leaver : new TreeSet<>(known.leavers)) {
      if (!committed.members().contains(leaver)) {
        known.send(
            leaver,
            MembershipCodec.withNumber(MessageType.LEFT, committed.number(), leaver.incarnation()));
      }
    }
    known.install(committed);
  }
}
