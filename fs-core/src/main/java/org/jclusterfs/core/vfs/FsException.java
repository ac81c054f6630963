package org.jclusterfs.core.vfs;

/** A filesystem operation failed; bindings translate {@link #failure()} to an errno. */
public final class FsException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Failure {
    /** ENOENT. */
    NO_ENTRY,
    /** EEXIST. */
    EXISTS,
    /** ENOTDIR. */
    NOT_DIRECTORY,
    /** EISDIR. */
    IS_DIRECTORY,
    /** ENOTEMPTY. */
    NOT_EMPTY,
    /** ENOSPC. */
    NO_SPACE,
    /** EDQUOT. */
    QUOTA_EXCEEDED,
    /** EFBIG. */
    FILE_TOO_LARGE,
    /** ENAMETOOLONG. */
    NAME_TOO_LONG,
    /** EMLINK. */
    TOO_MANY_LINKS,
    /** EINVAL. */
    INVALID,
    /** EPERM. */
    NOT_PERMITTED,
    /** EACCES. */
    ACCESS_DENIED,
    /** EROFS. */
    READ_ONLY,
    /** ENODATA. */
    NO_ATTRIBUTE,
    /** E2BIG or ERANGE. */
    TOO_BIG,
    /** EOPNOTSUPP. */
    NOT_SUPPORTED,
    /** ENXIO: no data or hole behind this offset. */
    NO_SUCH_OFFSET,
    /** ESTALE: the inode is gone. */
    STALE,
    /** ESTALE: the name leads to no regular file by now; the kernel walks the path again. */
    OTHER_TYPE,
    /** ELOOP: a symbolic link where none is to be followed. */
    IS_SYMLINK,
    /** EINTR. */
    INTERRUPTED,
    /** EDEADLK. */
    DEADLOCK,
    /** EIO: the device failed, metadata is damaged, or the node withdrew. */
    IO
  }

  private final Failure failure;

  /** Makes one with a message for the log. */
  public FsException(Failure failure, String message) {
    super(message);
    this.failure = failure;
  }

  /** Makes one with its cause. */
  public FsException(Failure failure, String message, Throwable cause) {
    super(message, cause);
    this.failure = failure;
  }

  /** What went wrong. */
  public Failure failure() {
    return failure;
  }
}
