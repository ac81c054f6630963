package org.jclusterfs.iscsi;

/** A command got no answer within its time, reconnects included. */
public final class CommandTimeoutException extends IscsiException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public CommandTimeoutException(String message) {
    super(message);
  }

  /** Makes one with its message and what led to it. */
  public CommandTimeoutException(String message, Throwable cause) {
    super(message, cause);
  }
}
