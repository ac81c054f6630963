package org.jclusterfs.core.device;

import java.io.IOException;

/** This node lost its right to write: its registration was preempted or its lease ran out. */
public final class FencedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one whose message says by what the right was lost. */
  public FencedException(String message) {
    super(message);
  }
}
