package org.jclusterfs.iscsi;

import java.io.IOException;

/** Something that an initiator asked for did not happen; the message is one line in words. */
public class IscsiException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one with its message. */
  public IscsiException(String message) {
    super(message);
  }

  /** Makes one with its message and what led to it. */
  public IscsiException(String message, Throwable cause) {
    super(message, cause);
  }
}
