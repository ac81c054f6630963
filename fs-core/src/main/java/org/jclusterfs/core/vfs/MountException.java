package org.jclusterfs.core.vfs;

/** A mount that could not be made; the message tells the user what is wrong and what to do. */
public final class MountException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Makes one with a message for the user. */
  public MountException(String message) {
    super(message);
  }

  /** Makes one with a message for the user and the cause for the log. */
  public MountException(String message, Throwable cause) {
    super(message, cause);
  }
}
