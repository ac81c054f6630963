package org.jclusterfs.journal;

import java.io.IOException;

/**
 * A log area does not hold what it should: no journal, another volume's or slot's, another format
 * version, in use where a clean one is needed, or damaged. The message says which, and what to do.
 */
public final class JournalFormatException extends IOException {

  private static final long serialVersionUID = 1L;

  private final boolean unsupported;

  JournalFormatException(String message) {
    this(message, false);
  }

  private JournalFormatException(String message, boolean unsupported) {
    super(message);
    this.unsupported = unsupported;
  }

  static JournalFormatException unsupported(String message) {
    return new JournalFormatException(message, true);
  }

  /** Whether a newer version wrote it, which this one must leave alone: it is not damaged. */
  public boolean isUnsupported() {
    return unsupported;
  }
}
