package org.jclusterfs.core.alloc;

import java.nio.ByteBuffer;
import java.util.BitSet;
import org.jclusterfs.core.format.BitmapBlock;

/** Finds free runs in one bitmap block; blocks in quarantine count as taken. */
final class BitmapSearch {
  private static final long LOW_BITS = 0x5555555555555555L;
  private static final int PER_WORD = 32;

  private BitmapSearch() {}

  /** A run of free blocks inside one bitmap block: first index, -1 for none, and its length. */
  record FreeRun(int first, int length) {
    static final FreeRun NONE = new FreeRun(-1, 0);
  }

  /**
   * Looks from {@code from} to the block's end for the first run of at least {@code wanted} blocks.
   *
   * @param limit indexes from here on do not belong to the group
   * @param quarantine group-relative numbers that may not be given out
   * @param base group-relative number of this bitmap's index 0
   * @return that run, cut to {@code wanted}; else the longest one seen
   */
  static FreeRun find(
      ByteBuffer bitmap, int from, int limit, int wanted, BitSet quarantine, int base) {
    FreeRun best = FreeRun.NONE;
    int at = nextFree(bitmap, from, limit, quarantine, base);
    while (at < limit) {
      int end = at + 1;
      int stop = Math.min(limit, at + wanted);
      while (end < stop && isFree(bitmap, end, quarantine, base)) {
        end++;
      }
      if (end - at > best.length) {
        best = new FreeRun(at, end - at);
        if (best.length >= wanted) {
          return best;
        }
      }
      at = nextFree(bitmap, end, limit, quarantine, base);
    }
    return best;
  }

  /** The first run of free blocks from {@code from} on, as long as it is in this bitmap block. */
  static FreeRun next(ByteBuffer bitmap, int from, int limit, BitSet quarantine, int base) {
    int first = nextFree(bitmap, from, limit, quarantine, base);
    int end = first;
    while (end < limit && isFree(bitmap, end, quarantine, base)) {
      end++;
    }
    return end == first ? FreeRun.NONE : new FreeRun(first, end - first);
  }

  private static boolean isFree(ByteBuffer bitmap, int index, BitSet quarantine, int base) {
    return BitmapBlock.state(bitmap, index) == BitmapBlock.FREE && !quarantine.get(base + index);
  }

  private static int nextFree(ByteBuffer bitmap, int from, int limit, BitSet quarantine, int base) {
    int at = from;
    while (at < limit) {
      if (at % PER_WORD == 0) {
        long word = bitmap.getLong(BitmapBlock.STATES_OFFSET + at / 4);
        if ((~(word | word >>> 1) & LOW_BITS) == 0) {
          at += PER_WORD;
          continue;
        }
      }
      if (isFree(bitmap, at, quarantine, base)) {
        return at;
      }
      at++;
    }
    return limit;
  }
}
