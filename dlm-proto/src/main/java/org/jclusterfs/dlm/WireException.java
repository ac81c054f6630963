package org.jclusterfs.dlm;

/** A message does not follow docs/wire-protocol.md: the connection it came by is to be closed. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one that names the message and what is wrong with it. */
  public WireException(String message) {
    super(message);
  }
}
