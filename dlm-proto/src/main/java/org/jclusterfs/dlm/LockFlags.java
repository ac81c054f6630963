package org.jclusterfs.dlm;

/** Flags of requests, conversions and releases; the wire uses the same bits. */
public final class LockFlags {

  /** Do not wait: where the mode cannot be granted at once, deny and name a blocker. */
  public static final int NOQUEUE = 1;

  /** The grant shall carry the resource's value block. */
  public static final int VALUE = 1 << 1;

  /** Passes while ordinary grants are blocked: for the locks that journal replay takes. */
  public static final int RECOVERY = 1 << 2;

  /** With {@link #NOQUEUE}: a denial calls the holders back all the same, once. */
  public static final int NOQUEUE_CALLBACK = 1 << 3;

  /**
   * On a down-conversion or release from PW or EX without a value: nothing was changed, the value
   * block stays as it is. Without this flag and without a value it becomes invalid.
   */
  public static final int KEEP_VALUE = 1 << 4;

  static final int ALL = NOQUEUE | VALUE | RECOVERY | NOQUEUE_CALLBACK | KEEP_VALUE;

  private LockFlags() {}
}
