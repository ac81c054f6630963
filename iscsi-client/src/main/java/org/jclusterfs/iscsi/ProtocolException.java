package org.jclusterfs.iscsi;

/** The peer broke RFC 7143, or does not speak it; its connection is dropped. */
public final class ProtocolException extends IscsiException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public ProtocolException(String message) {
    super(message);
  }

  /** Makes one with its message and what led to it. */
  public ProtocolException(String message, Throwable cause) {
    super(message, cause);
  }
}
