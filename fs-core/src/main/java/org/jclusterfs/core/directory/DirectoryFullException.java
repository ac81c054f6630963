package org.jclusterfs.core.directory;

import java.io.IOException;

/** A name cannot be added: 32768 names of the directory have its 48-bit hash already. */
public final class DirectoryFullException extends IOException {
  private static final long serialVersionUID = 1L;

  DirectoryFullException(long inode) {
    super("directory " + inode + " has too many names of equal hash");
  }
}
