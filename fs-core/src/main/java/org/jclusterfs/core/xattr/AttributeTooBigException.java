package org.jclusterfs.core.xattr;

import java.io.IOException;

/** A value, or all attributes of an inode together, would be longer than the format permits. */
public final class AttributeTooBigException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean together;

  AttributeTooBigException(String what, boolean together) {
    super(what);
    this.together = together;
  }

  /** Whether it is all attributes together: the value alone would fit, and one less, too. */
  public boolean together() {
    return together;
  }
}
