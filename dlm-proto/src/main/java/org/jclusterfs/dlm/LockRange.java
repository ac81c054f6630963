package org.jclusterfs.dlm;

/**
 * The part of a resource that a lock covers: bytes start to end, both inclusive, compared unsigned.
 *
 * <p>Locks with a part range ("ranged locks") conflict only with overlapping locks of other nodes;
 * what happens among the owners of one node is that node's affair. Locks on {@link #WHOLE} conflict
 * within a node too.
 *
 * @param start first byte
 * @param end last byte, not below start
 */
public record LockRange(long start, long end) {

  /** The whole resource; an fcntl lock "to the end" ends at {@link Long#MAX_VALUE} instead. */
  public static final LockRange WHOLE = new LockRange(0, -1);

  /** Checks that the range is not empty. */
  public LockRange {
    if (Long.compareUnsigned(start, end) > 0) {
      throw new IllegalArgumentException(
          "Range ends before it starts: " + start + "-" + Long.toUnsignedString(end));
    }
  }

  /** Whether this is the whole resource and not a part of it. */
  public boolean isWhole() {
    return start == 0 && end == -1;
  }

  /** Whether the two have a byte in common. */
  public boolean overlaps(LockRange other) {
    return Long.compareUnsigned(start, other.end) <= 0
        && Long.compareUnsigned(other.start, end) <= 0;
  }

  /** Whether every byte of the other is in this one. */
  public boolean covers(LockRange other) {
    return Long.compareUnsigned(start, other.start) <= 0
        && Long.compareUnsigned(other.end, end) <= 0;
  }

  @Override
  public String toString() {
    return isWhole() ? "whole" : start + "-" + Long.toUnsignedString(end);
  }
}
