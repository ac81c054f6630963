package org.jclusterfs.fsck;

import java.util.Arrays;
import java.util.function.LongConsumer;

/** Different numbers in the order in which they came, some 20 bytes each. Used by one thread. */
final class LongSet {
  private long[] values = new long[8];
  private int size;

  // Open addressing: index of a value plus 1, 0: empty. Twice as many places as values at least.
  private int[] places = new int[32];

  /** Adds a number; false if it is there already. */
  boolean add(long value) {
    int place = place(value);
    if (places[place] != 0) {
      return false;
    }
    if (size == values.length) {
      values = Arrays.copyOf(values, size + (size >> 1));
    }
    values[size++] = value;
    places[place] = size;
    if (2 * size > places.length) {
      places = new int[2 * places.length];
      for (int i = 0; i < size; i++) {
        places[place(values[i])] = i + 1;
      }
    }
    return true;
  }

  /** Where a number stands, or would stand. */
  private int place(long value) {
    long mixed = value * 0x9e3779b97f4a7c15L;
    int mask = places.length - 1;
    int place = (int) (mixed >>> 32) & mask;
    while (places[place] != 0 && values[places[place] - 1] != value) {
      place = place + 1 & mask;
    }
    return place;
  }

  boolean contains(long value) {
    return places[place(value)] != 0;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  long get(int index) {
    return values[index];
  }

  void forEach(LongConsumer action) {
    for (int i = 0; i < size; i++) {
      action.accept(values[i]);
    }
  }
}
