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
    return Integer.compare(slot, other.slot);
  }

  @Override
  public String toString() {
    return slot + ":" + Long.toHexString(incarnation);
  }
}
