package org.jclusterfs.dlm;

/**
 * The lock manager's state contradicts itself or a peer's: this node must stop and leave its
 * journal to the others.
 */
public final class BrokenInvariantException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one that names the invariant and the lock. */
  public BrokenInvariantException(String message) {
    super(message);
  }
}
