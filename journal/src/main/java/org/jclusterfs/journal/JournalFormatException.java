package org.jclusterfs.journal;

import java.io.IOException;

/**
 * A log area does not hold what it should: no journal, another volume's or slot's, another format
 * version, in use where a clean one is needed, or damaged. The message says which, and what to do.
 */
public final class JournalFormatException extends IOException {

  private static final long serialVersionUID = 1L;

  JournalFormatException(String message) {
    super(message);
  }
}
