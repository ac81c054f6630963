package org.jclusterfs.core.vfs;

/** Takes directory entries one by one. Runs under the directory's lock and never waits. */
@FunctionalInterface
public interface DirectorySink {

  /**
   * Offers an entry.
   *
   * @param name raw bytes
   * @param inode number it leads to
   * @param type d_type value (DT_REG 8, DT_DIR 4, …)
   * @param nextCookie where to continue after this entry
   * @param attributes null unless asked for, and null where they could not be had without a wait
   * @return false where there is no room: the entry was not taken
   */
  boolean accept(byte[] name, long inode, int type, long nextCookie, Attributes attributes);

  /** Entries that there may be room for still, at most: more are not prepared in advance. */
  default int room() {
    return Integer.MAX_VALUE;
  }

  /** Whether attributes of an inode are of use, where attributes were asked for. */
  default boolean wants(long inode) {
    return true;
  }

  /**
   * The listing ends here, after the last entry offered; the locks are still held, so that what the
   * kernel is told is ordered before any invalidation.
   */
  default void end() {}
}
