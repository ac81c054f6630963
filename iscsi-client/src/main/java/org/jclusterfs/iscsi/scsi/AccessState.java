package org.jclusterfs.iscsi.scsi;

/** Asymmetric access state of a target port group (SPC-4 section 5.15.2). */
public enum AccessState {
  /** The unit tells none: symmetric access. */
  NONE(-1, 50, "-"),
  /** Active/optimized. */
  OPTIMIZED(0x0, 50, "optimized"),
  /** Active/non-optimized: works, and slower than by another group. */
  NON_OPTIMIZED(0x1, 10, "non-optimized"),
  /** Standby: takes few commands, none that reads or writes. */
  STANDBY(0x2, 0, "standby"),
  /** Unavailable. */
  UNAVAILABLE(0x3, 0, "unavailable"),
  /** Depends on the block; taken for slower than non-optimized. */
  DEPENDENT(0x4, 5, "block dependent"),
  /** Offline. */
  OFFLINE(0xe, 0, "offline"),
  /** On its way to another state. */
  TRANSITIONING(0xf, 0, "transitioning");

  private final int code;
  private final int priority;
  private final String words;

  AccessState(int code, int priority, String words) {
    this.code = code;
    this.priority = priority;
    this.words = words;
  }

  /** Higher is better; 0 where a path in this state takes no reads and writes. */
  public int priority() {
    return priority;
  }

  static AccessState of(int code) {
    for (AccessState state : values()) {
      if (state.code == code) {
        return state;
      }
    }
    return UNAVAILABLE;
  }

  @Override
  public String toString() {
    return words;
  }
}
