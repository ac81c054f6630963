package org.jclusterfs.iscsi;

/** The caller's write gate was closed when a write was to be put on the wire. */
public final class WriteGateClosedException extends IscsiException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public WriteGateClosedException(String message) {
    super(message);
  }

  /** Makes one with its message and what led to it. */
  public WriteGateClosedException(String message, Throwable cause) {
    super(message, cause);
  }
}
