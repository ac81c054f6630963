package org.jclusterfs.iscsi;

import java.io.IOException;
import java.util.concurrent.ExecutionException;

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

  /** What a future failed by, as one of these. */
  public static IscsiException of(ExecutionException failure) {
    Throwable cause = failure.getCause();
    return cause instanceof IscsiException
        ? (IscsiException) cause
        : new IscsiException("unexpected: " + cause, failure);
  }
}
