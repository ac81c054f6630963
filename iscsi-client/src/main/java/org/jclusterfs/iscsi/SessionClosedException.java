package org.jclusterfs.iscsi;

/** The session was closed by its owner. */
public final class SessionClosedException extends IscsiException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public SessionClosedException(String message) {
    super(message);
  }

  /** Makes one with its message and what led to it. */
  public SessionClosedException(String message, Throwable cause) {
    super(message, cause);
  }
}
