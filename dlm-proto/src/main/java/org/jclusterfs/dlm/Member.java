package org.jclusterfs.dlm;

/**
 * A node in a view.
 *
 * @param slot its slot, 0–254
 * @param incarnation the random number of its claim of that slot
 */
public record Member(int slot, long incarnation) implements Comparable<Member> {
  @Override
  public int compareTo(Member other) {
    int bySlot = Integer.compare(slot, other.slot);
    return bySlot != 0 ? bySlot : Long.compare(incarnation, other.incarnation);
  }

  @Override
  public String toString() {
    return slot + ":" + Long.toHexString(incarnation);
  }
}
