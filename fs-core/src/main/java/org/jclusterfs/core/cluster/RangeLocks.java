package org.jclusterfs.core.cluster;

/**
 * POSIX byte-range locks (fcntl F_SETLK, F_SETLKW, F_GETLK) of inodes over the whole cluster. One
 * owner's ranges never conflict with each other: a new range replaces, splits and merges its old
 * ones as POSIX asks. A node that alone uses a file's locks grants them without a message.
 * Thread-safe.
 */
public interface RangeLocks {

  /**
   * A byte range in a mode.
   *
   * @param start first byte
   * @param end last byte, {@link Long#MAX_VALUE} for "to the end"
   * @param exclusive a write lock
   * @param owner the lock owner on its node (FUSE lock_owner)
   * @param pid process that asked, for F_GETLK; 0 where it lives on another node
   */
  record Range(long start, long end, boolean exclusive, long owner, int pid) {}

  /**
   * Takes a range.
   *
   * @return false where it conflicts and {@code wait} is false
   * @throws LockUnavailableException if cancelled, withdrawn or deadlocked
   */
  boolean lock(long inode, Range range, boolean wait, Cancellation cancellation)
      throws LockUnavailableException;

  /** Gives an owner's part of a range back. */
  void unlock(long inode, long owner, long start, long end) throws LockUnavailableException;

  /** The first lock that conflicts with {@code range}, or null. */
  Range test(long inode, Range range) throws LockUnavailableException;

  /** Drops all of an owner's ranges on an inode: the process closed the file. */
  void releaseOwner(long inode, long owner);
}
