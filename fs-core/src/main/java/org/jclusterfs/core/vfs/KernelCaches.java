package org.jclusterfs.core.vfs;

/**
 * The caches of the kernel above a mount. Calls return when the kernel has dropped what they name;
 * dirty pages of mappings come back as {@link Vfs#write} with writeBack set before that. Pages are
 * dropped from demotion threads, or by an operation that holds no lock any more. A number stands
 * for every inode of it that the kernel knows, the freed ones included. Never throws; after the
 * mount is gone the calls do nothing.
 */
public interface KernelCaches {

  /** For a filesystem with no kernel above it. */
  KernelCaches NONE = new KernelCaches() {};

  /**
   * Drops an inode's attributes, and its pages too unless {@code attributesOnly}: then it waits for
   * no request.
   */
  default void invalidateInode(long inode, boolean attributesOnly) {}

  /** Drops the pages of a byte range only; length 0 means to the end. */
  default void invalidateRange(long inode, long offset, long length) {}

  /** Makes every cached name be looked up again. */
  default void invalidateNames() {}

  /**
   * As {@link #invalidateNames}, and those that were told by listings of a directory are dropped
   * even where the kernel has still to take them from the reply; waits for that.
   */
  default void invalidateNamesOf(long directory) {
    invalidateNames();
  }
}
