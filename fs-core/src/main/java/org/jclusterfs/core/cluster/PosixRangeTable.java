package org.jclusterfs.core.cluster;

import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.cluster.RangeLocks.Range;

/**
 * The byte ranges locked in one file, by POSIX rules: an owner's new range replaces its old ones
 * where they overlap, splits what sticks out, and merges with neighbours of the same mode. Not
 * thread-safe.
 */
final class PosixRangeTable {

  // Few in practice: a list beats a tree.
  private final List<Range> ranges = new ArrayList<>();

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  List<Range> ranges() {
    return List.copyOf(ranges);
  }

  /** The ranges of one owner. */
  List<Range> of(long owner) {
    List<Range> own = new ArrayList<>();
    for (Range range : ranges) {
      if (range.owner() == owner) {
        own.add(range);
      }
    }
    return own;
  }

  boolean hasOwner(long owner) {
    for (Range range : ranges) {
      if (range.owner() == owner) {
        return true;
      }
    }
    return false;
  }

  /** The first range of another owner that conflicts, or null. */
  Range conflict(Range wanted) {
    Range first = null;
    for (Range range : ranges) {
      if (conflicts(range, wanted) && (first == null || range.start() < first.start())) {
        first = range;
      }
    }
    return first;
  }

  /** Whether two ranges of different owners exclude each other. */
  static boolean conflicts(Range a, Range b) {
    return a.owner() != b.owner()
        && (a.exclusive() || b.exclusive())
        && a.start() <= b.end()
        && b.start() <= a.end();
  }

  /** Sets a range; the caller made sure that nothing conflicts. */
  void set(Range wanted) {
    remove(wanted.owner(), wanted.start(), wanted.end());
    long start = wanted.start();
    long end = wanted.end();
    for (int i = ranges.size() - 1; i >= 0; i--) {
      Range range = ranges.get(i);
      if (range.owner() != wanted.owner() || range.exclusive() != wanted.exclusive()) {
        continue;
      }
      if (range.end() != Long.MAX_VALUE && range.end() + 1 == start) {
        start = range.start();
        ranges.remove(i);
      } else if (end != Long.MAX_VALUE && end + 1 == range.start()) {
        end = range.end();
        ranges.remove(i);
      }
    }
    ranges.add(new Range(start, end, wanted.exclusive(), wanted.owner(), wanted.pid()));
  }

  /** Removes an owner's part of a range; whether there was any. */
  boolean remove(long owner, long start, long end) {
    List<Range> rest = new ArrayList<>();
    boolean removed = false;
    for (int i = ranges.size() - 1; i >= 0; i--) {
      Range range = ranges.get(i);
      if (range.owner() != owner || range.end() < start || range.start() > end) {
        continue;
      }
      ranges.remove(i);
      removed = true;
      if (range.start() < start) {
        rest.add(new Range(range.start(), start - 1, range.exclusive(), owner, range.pid()));
      }
      if (range.end() > end) {
        rest.add(new Range(end + 1, range.end(), range.exclusive(), owner, range.pid()));
      }
    }
    ranges.addAll(rest);
    return removed;
  }
}
