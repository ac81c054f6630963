package org.jclusterfs.core.vfs;

/** A handle of {@link Vfs#open}: one open file description of the kernel above. */
public interface OpenFile {

  /** The inode opened. */
  long inode();

  /** open(2) flags it was opened with. */
  int flags();

  /**
   * Whether pages the kernel has of this inode from earlier are still right (FOPEN_KEEP_CACHE).
   * Meaningful only inside the reply of open.
   */
  boolean keepCache();

  /** Whether reads and writes must come here directly (FOPEN_DIRECT_IO): opened for writing. */
  boolean directIo();
}
