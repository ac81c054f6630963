package org.jclusterfs.dlm.transport;

/** A peer did not prove itself; the message says why, after "because". */
final class HandshakeException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean ordinary;

  HandshakeException(String message) {
    this(message, false);
  }

  /**
   * Makes one.
   *
   * @param ordinary whether it also happens between honest nodes, while one joins: not logged
   */
  HandshakeException(String message, boolean ordinary) {
    super(message);
    this.ordinary = ordinary;
  }

  boolean isOrdinary() {
    return ordinary;
  }
}
