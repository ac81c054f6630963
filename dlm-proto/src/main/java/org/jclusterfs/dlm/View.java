package org.jclusterfs.dlm;

import java.util.List;

/**
 * The nodes that share locks, all of them agreed.
 *
 * @param number raised by each change, never used twice in a volume's life
 * @param members the nodes, by slot
 * @param dead fenced incarnations whose journals are to be replayed before ordinary locks are
 *     granted in this view, by slot
 */
public record View(long number, List<Member> members, List<Member> dead) {

  /** Sorts and checks the members. */
  public View {
    members = members.stream().sorted().toList();
    dead = dead.stream().sorted().toList();
    for (int i = 1; i < members.size(); i++) {
      if (members.get(i).slot() == members.get(i - 1).slot()) {
        throw new IllegalArgumentException("Slot twice in view " + number + ": " + members);
      }
    }
  }

  /** A view in which no journal waits. */
  public View(long number, List<Member> members) {
    this(number, members, List.of());
  }

  /**
   * The slot that keeps the directory's entry of a region, and masters it where its last master was
   * lost: members by slot, indexed by the region modulo their number.
   */
  public int directoryOf(int region) {
    return members.get(Integer.remainderUnsigned(region, members.size())).slot();
  }

  /** Whether a slot is in the view. */
  public boolean contains(int slot) {
    return member(slot) != null;
  }

  /** Whether this incarnation is in the view. */
  public boolean contains(Member member) {
    return member.equals(member(member.slot()));
  }

  /** The member in a slot, or null. */
  public Member member(int slot) {
    for (Member member : members) {
      if (member.slot() == slot) {
        return member;
      }
    }
    return null;
  }

  /** The lowest slot: the member that drives recovery and replay. */
  public int lowest() {
    return members.get(0).slot();
  }
}
