package org.jclusterfs.core.xattr;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** An attribute that was to be replaced or removed is not there. */
public final class AttributeMissingException extends IOException {
  private static final long serialVersionUID = 1L;

  AttributeMissingException(byte[] name) {
    super("attribute " + new String(name, StandardCharsets.UTF_8) + " is not there");
  }
}
