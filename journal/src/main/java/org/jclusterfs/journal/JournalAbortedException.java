package org.jclusterfs.journal;

import java.io.IOException;

/**
 * The journal was withdrawn, by its user or because the device failed under it: nothing is written
 * any more and the log stays dirty for recovery. The cause is the first failure.
 */
public final class JournalAbortedException extends IOException {

  private static final long serialVersionUID = 1L;

  JournalAbortedException(IOException cause) {
    super("journal is aborted: " + cause.getMessage(), cause);
  }
}
