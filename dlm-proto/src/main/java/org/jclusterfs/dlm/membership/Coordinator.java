package org.jclusterfs.dlm.membership;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;

/**
 * Drives changes of the view while this node is the lowest live member that is not leaving. {@link
 * #evaluate} runs after every input: it asks the steps of recovery in order, and the first one with
 * something left to do is where recovery stands.
 *
 * <pre>
 *   step        goes on when                                         else
 *   (none)      this node is the acting coordinator                  everything under way is dropped
 *   Fencing     all who are condemned are fenced                     asked again after a failure
 *   Agreement   the view has the wanted members and dead             a proposal, refused: a higher one
 *   Rebuilding  all members' engines have recovered                  waits for them
 *   Replaying   no journal is left: unblocked, steady                asked again after a failure
 * </pre>
 */
final class Coordinator {
  private final Knowledge known;
  private final Fencing fencing;
  private final Agreement agreement;
  private final Replaying replaying;
  private final List<RecoveryStep> steps;
  private boolean acting;
  // Null where nothing is left to do.
  private RecoveryStep current;

  Coordinator(Knowledge known) {
    this.known = known;
    fencing = new Fencing(known);
    agreement = new Agreement(known, fencing);
    replaying = new Replaying(known);
    steps = List.of(fencing, agreement, new Rebuilding(known), replaying);
  }

  /** Where recovery stands, in a word. */
  String phase() {
    if (!acting) {
      return "NONE";
    }
    return current == null ? "STEADY" : current.getClass().getSimpleName();
  }

  /**
   * Moves on as far as possible.
   *
   * @param cutOff members on the losing side of a split
   */
  void evaluate(Set<Member> cutOff) {
    Set<Member> base = known.base();
    Set<Member> lost = lost(base, cutOff);
    acting = isActing(base, lost);
    current = null;
    if (!acting) {
      steps.forEach(RecoveryStep::giveUp);
      return;
    }
    fencing.condemn(lost);
    for (RecoveryStep step : steps) {
      if (current != null) {
        step.giveUp();
      } else if (!step.advance(base)) {
        current = step;
      }
    }
  }

  /** Members that this node counts on no more: condemned, silent on the disk, or cut off. */
  private Set<Member> lost(Set<Member> base, Set<Member> cutOff) {
    Set<Member> lost = new TreeSet<>(cutOff);
    for (Member member : base) {
      if (!member.equals(known.self)
          && (fencing.isCondemned(member) || known.disk.pulse(member) == DiskWatch.Pulse.DEAD)) {
        lost.add(member);
      }
    }
    return lost;
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

  // ---- what became of what the steps asked for

  void promised(int slot, long number) {
    agreement.promised(slot, number);
  }

  void refused(long number, long promised) {
    agreement.refused(number, promised);
  }

  void fenced(Member victim) {
    fencing.succeeded(victim);
  }

  void fenceFailed(Member victim) {
    fencing.failed(victim);
  }

  void replayed(Member member) {
    replaying.succeeded(member);
    fencing.buried(member);
  }

  void replayFailed(Member member) {
    replaying.failed(member);
  }

  /** Whether this node reads a dead node's journal just now: nobody else may do that meanwhile. */
  boolean isReplaying() {
    return replaying.isRunning();
  }
}
