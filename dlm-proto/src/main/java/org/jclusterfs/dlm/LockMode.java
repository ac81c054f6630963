package org.jclusterfs.dlm;

/**
 * The six lock modes of the VMS and Linux lock managers, weakest first.
 *
 * <p>The wire code of a mode is its ordinal.
 */
public enum LockMode {
  /** Null: holds a place in the resource, conflicts with nothing. */
  NL,
  /** Concurrent read. */
  CR,
  /** Concurrent write. */
  CW,
  /** Protected read (shared). */
  PR,
  /** Protected write (update). */
  PW,
  /** Exclusive. */
  EX;

  // Bit j of row i: modes i and j may be granted together.
  private static final int[] COMPATIBLE = {
    0b111111, 0b011111, 0b000111, 0b001011, 0b000011, 0b000001
  };

  /** Whether a lock in this mode and one in {@code other} may be granted on one resource. */
  public boolean compatibleWith(LockMode other) {
    return (COMPATIBLE[ordinal()] & 1 << other.ordinal()) != 0;
  }

  // Bit j of row i: whoever holds mode i may do all that mode j permits.
  private static final int[] COVERS = {0b000001, 0b000011, 0b000111, 0b001011, 0b011111, 0b111111};

  /** Whether holding this mode permits everything that holding {@code other} does. */
  public boolean covers(LockMode other) {
    return (COVERS[ordinal()] & 1 << other.ordinal()) != 0;
  }
}
