package org.jclusterfs.core.xattr;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** An attribute that was to be created is there already. */
public final class AttributeExistsException extends IOException {
  private static final long serialVersionUID = 1L;

  AttributeExistsException(byte[] name) {
    super("attribute " + new String(name, StandardCharsets.UTF_8) + " is already there");
  }
}
