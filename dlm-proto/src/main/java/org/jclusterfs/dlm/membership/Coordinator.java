package org.jclusterfs.dlm.membership;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.MessageType;

/**
 * Drives changes of the view while this node is the lowest live member that is not leaving. It owns
 * all transitions between the phases below; {@link #evaluate} runs after every input and is a
 * function of what is known, so the death of anybody at any step only changes what it starts from.
 *
 * <pre>
 *   phase       condition                                            next
 *   any         not the acting coordinator (any more)                (none)
 *   any         somebody is condemned and not fenced yet             FENCING
 *   FENCING     all condemned are fenced                             PREPARING or STEADY
 *   any         wanted members or dead differ from the view          PREPARING (next number)
 *   PREPARING   refused                                              PREPARING (higher number)
 *   PREPARING   all members of the proposal have promised            committed: REBUILDING
 *   REBUILDING  all members' engines have recovered                  REPLAYING
 *   REPLAYING   no journal is left                                   unblocked: STEADY
 * </pre>
 */
final class Coordinator {

  /** What the coordinator is waiting for. */
  enum Phase {
    /** Not the acting coordinator. */
    NONE,
    /** Nothing. */
    STEADY,
    /** Confirmation that condemned nodes can write no more. */
    FENCING,
    /** Promises. */
    PREPARING,
    /** The members' engines. */
    REBUILDING,
    /** Journal replay. */
    REPLAYING
  }

  private final Knowledge known;
  private final Requests fences;
  private final Requests replays;
  private final Set<Member> condemned = new TreeSet<>();
  private Phase phase = Phase.NONE;
  private Proposal proposal;
  private final Set<Integer> promises = new HashSet<>();

  Coordinator(Knowledge known) {
    this.known = known;
    long retry = known.threshold / 6;
    fences = new Requests(known.out::requestFence, retry);
    replays = new Requests(known.out::requestReplay, retry);
  }

  Phase phase() {
    return phase;
  }

  /** Members that this node counts on no more: condemned, silent on the disk, or cut off. */
  private Set<Member> lost(Set<Member> base, Set<Member> cutOff) {
    Set<Member> lost = new TreeSet<>(cutOff);
    for (Member member : base) {
      if (!member.equals(known.self)
          && (condemned.contains(member) || known.disk.pulse(member) == DiskWatch.Pulse.DEAD)) {
        lost.add(member);
      }
    }
    return lost;
  }

  /**
   * Moves on as far as possible.
   *
   * @param cutOff members on the losing side of a split
   */
  void evaluate(Set<Member> cutOff) {
    Set<Member> base = known.base();
    Set<Member> lost = lost(base, cutOff);
    if (!isActing(base, lost)) {
      phase = Phase.NONE;
      proposal = null;
      return;
    }
    condemned.addAll(lost);
    condemnStrays(base);
    condemned.removeAll(known.buried);
    boolean fencing = false;
    for (Member member : condemned) {
      if (!isFenced(member)) {
        fences.ensure(member, known.now);
        fencing = true;
      }
    }
    if (fencing) {
      phase = Phase.FENCING;
      proposal = null;
      return;
    }
    propose(base);
    if (phase != Phase.PREPARING) {
      recover();
    }
  }

  /**
   * The lowest live member acts, those that are leaving last. Newcomers of a proposal do not count
   * before it is committed here; but who has accepted a proposal of a lower slot leaves the field
   * to that one as long as it lives.
   */
  private boolean isActing(Set<Member> base, Set<Member> lost) {
    Set<Member> live = new TreeSet<>(base);
    live.removeAll(lost);
    if (known.preparedIsNewer()
        && known.preparedBy < known.self.slot()
        && live.stream()
            .anyMatch(
                member -> member.slot() == known.preparedBy && !known.leavers.contains(member))) {
      return false;
    }
    live.removeIf(
        member ->
            !(known.view == null
                ? member.equals(known.self)
                : known.view.members().contains(member)));
    Set<Member> staying = new TreeSet<>(live);
    staying.removeAll(known.leavers);
    Set<Member> candidates = staying.isEmpty() ? live : staying;
    return !candidates.isEmpty() && candidates.iterator().next().equals(known.self);
  }

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

  private boolean isFenced(Member member) {
    return fences.isDone(member) || known.unburied().contains(member);
  }

  private void propose(Set<Member> base) {
    Set<Member> dead = new TreeSet<>(known.unburied());
    dead.addAll(condemned);
    Set<Member> members = new TreeSet<>(base);
    members.removeAll(dead);
    Set<Member> staying = new TreeSet<>(members);
    staying.removeAll(known.leavers);
    if (staying.isEmpty()) {
      return; // all are leaving: see Leaving
    }
    // Leaving, too, this node takes an accepted newcomer in before that one can let it go.
    staying.add(known.self);
    if (dead.isEmpty()) {
      // Not while journals wait: a newcomer with a lower slot would replay what is being replayed.
      admit(staying);
    }
    boolean asInstalled =
        known.view != null
            && !known.preparedIsNewer()
            && Set.copyOf(known.view.members()).equals(staying)
            && known.dead.containsAll(dead);
    if (asInstalled) {
      phase = Phase.STEADY;
      proposal = null;
    } else if (proposal == null || !proposal.proposes(staying, dead)) {
      start(
          new Proposal(
              known.nextNumber(), Set.copyOf(staying).stream().toList(), dead.stream().toList()));
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
    phase = Phase.PREPARING;
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
    phase = Phase.REBUILDING;
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

  private void recover() {
    Set<Integer> heard = known.recovered.getOrDefault(known.view.number(), Set.of());
    if (heard.size() < known.view.members().size()) {
      phase = Phase.REBUILDING;
      return;
    }
    Set<Member> waiting = new TreeSet<>(known.dead);
    waiting.removeAll(known.buried);
    waiting.forEach(member -> replays.ensure(member, known.now));
    if (!waiting.isEmpty()) {
      phase = Phase.REPLAYING;
      return;
    }
    phase = Phase.STEADY;
    if (!known.unblocked) {
      for (Member member : known.view.members()) {
        if (!member.equals(known.self)) {
          known.out.send(
              member.slot(), MembershipCodec.plain(MessageType.UNBLOCK, known.view.number()));
        }
      }
      known.unblock();
    }
  }

  /** Whether this node reads a dead node's journal just now: nobody else may do that meanwhile. */
  boolean isReplaying() {
    return replays.isRunning();
  }

  void fenced(Member victim) {
    fences.succeeded(victim);
  }

  void fenceFailed(Member victim) {
    fences.failed(victim, known.now);
  }

  void replayed(Member member) {
    replays.succeeded(member);
    condemned.remove(member);
    known.buried.add(member);
  }

  void replayFailed(Member member) {
    replays.failed(member, known.now);
  }
}
