package org.jclusterfs.iscsi;

/** No connection to the target could be had or kept. */
public class ConnectionLostException extends IscsiException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public ConnectionLostException(String message) {
    super(message);
  }

  /** Makes one with its message and what led to it. */
  public ConnectionLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
