package org.jclusterfs.fsck;

import java.util.Arrays;

/** Numbers that wait for their turn, 8 bytes each. Used by one thread. */
final class LongQueue {
  private long[] ring = new long[64];
  private int first;
  private int size;

  void add(long value) {
    if (size == ring.length) {
      long[] larger = Arrays.copyOfRange(ring, first, first + 2 * size);
      System.arraycopy(ring, 0, larger, size - first, first);
      ring = larger;
      first = 0;
    }
    ring[(first + size++) % ring.length] = value;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Takes the one that came first; there is one. */
  long take() {
    long value = ring[first];
    first = (first + 1) % ring.length;
    size--;
    return value;
  }
}
