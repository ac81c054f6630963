package org.jclusterfs.fsck;

import java.util.Map;
import java.util.TreeMap;

/**
 * A set of blocks: one bit for each, in pages of 16384 blocks that are made when they are needed.
 * Used by one thread.
 */
final class BlockSet {
  private static final int PAGE_BITS = 14;
  private static final int WORDS = (1 << PAGE_BITS) / Long.SIZE;

  private final Map<Long, long[]> pages = new TreeMap<>();

  /** Sees blocks. */
  interface Visitor {
    void block(long block) throws java.io.IOException;
  }

  private static int word(long block) {
    return (int) (block / Long.SIZE) & WORDS - 1;
  }

  void add(long block) {
    long[] page = pages.computeIfAbsent(block >> PAGE_BITS, key -> new long[WORDS]);
    page[word(block)] |= 1L << block;
  }

  void addAll(BlockSet other) {
    for (Map.Entry<Long, long[]> entry : other.pages.entrySet()) {
      long[] page = pages.computeIfAbsent(entry.getKey(), key -> new long[WORDS]);
      for (int i = 0; i < WORDS; i++) {
        page[i] |= entry.getValue()[i];
      }
    }
  }

  boolean contains(long block) {
    long[] page = pages.get(block >> PAGE_BITS);
    return page != null && (page[word(block)] & 1L << block) != 0;
  }

  /** Shows all in ascending order. */
  void forEach(Visitor visitor) throws java.io.IOException {
    for (Map.Entry<Long, long[]> entry : pages.entrySet()) {
      for (int i = 0; i < WORDS; i++) {
        for (long left = entry.getValue()[i]; left != 0; left &= left - 1) {
          int bit = i * Long.SIZE + Long.numberOfTrailingZeros(left);
          visitor.block((entry.getKey() << PAGE_BITS) + bit);
        }
      }
    }
  }
}
