package org.jclusterfs.core.xattr;

import java.io.IOException;

/** A value, or all attributes of an inode together, would be longer than the format permits. */
public final class AttributeTooBigException extends IOException {
  private static final long serialVersionUID = 1L;

  AttributeTooBigException(String what) {
    super(what);
  }
}
