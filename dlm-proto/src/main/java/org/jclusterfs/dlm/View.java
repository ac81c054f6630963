package org.jclusterfs.dlm;

import java.util.Collection;
import java.util.List;

/**
 * The nodes that share locks, all of them agreed; its number is the epoch of every message.
 *
 * @param number raised by each change, never used twice in a volume's life
 * @param members the nodes, by slot
 */
public record View(long number, List<Member> members) {

  /** Sorts and checks the members. */
  public View {
    members = members.stream().sorted().toList();
    for (int i = 1; i < members.size(); i++) {
      if (members.get(i).slot() == members.get(i - 1).slot()) {
        throw new IllegalArgumentException("Slot twice in view " + number + ": " + members);
      }
    }
  }

  /** As the canonical one, from any collection. */
  public static View of(long number, Collection<Member> members) {
    return new View(number, List.copyOf(members));
  }

  /** The slot that masters a region: members by slot, indexed by the region modulo their number. */
  public int masterOf(int region) {
    return members.get(Integer.remainderUnsigned(region, members.size())).slot();
  }

  /** Whether a slot is in the view. */
  public boolean contains(int slot) {
    return member(slot) != null;
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
