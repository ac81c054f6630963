package org.jclusterfs.core.alloc;

import java.io.IOException;

/** No resource group has the free blocks that an operation needs. */
public final class NoSpaceException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one that says how much was wanted. */
  public NoSpaceException(int blocks) {
    super("no resource group has " + blocks + " free blocks left");
  }
}
