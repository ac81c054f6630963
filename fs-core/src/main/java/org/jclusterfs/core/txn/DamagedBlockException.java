package org.jclusterfs.core.txn;

import java.io.IOException;

/** A metadata block is not what it should be; nothing in it was acted upon. */
public final class DamagedBlockException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one that names the block and what is wrong with it. */
  public DamagedBlockException(long address, String what) {
    super("metadata block " + address + " is damaged: " + what + "; run fsck.jclusterfs");
  }
}
