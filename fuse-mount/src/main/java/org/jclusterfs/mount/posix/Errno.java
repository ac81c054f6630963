package org.jclusterfs.mount.posix;

import org.jclusterfs.core.vfs.FsException;

/** Error numbers of Linux, as its generic ABI has them (x86, ARM, RISC-V). */
public final class Errno {
  /** Not permitted. */
  public static final int EPERM = 1;

  /** No such entry. */
  public static final int ENOENT = 2;

  /** Interrupted. */
  public static final int EINTR = 4;

  /** Input/output error. */
  public static final int EIO = 5;

  /** Argument list too long. */
  public static final int E2BIG = 7;

  /** Bad descriptor. */
  public static final int EBADF = 9;

  /** Try again. */
  public static final int EAGAIN = 11;

  /** Permission denied. */
  public static final int EACCES = 13;

  /** Busy. */
  public static final int EBUSY = 16;

  /** No such device: for /dev/fuse, the mount is gone. */
  public static final int ENODEV = 19;

  /** Invalid argument. */
  public static final int EINVAL = 22;

  /** Not an ioctl of this file. */
  public static final int ENOTTY = 25;

  /** Out of range. */
  public static final int ERANGE = 34;

  /** No locks available. */
  public static final int ENOLCK = 37;

  /** Not implemented. */
  public static final int ENOSYS = 38;

  /** No data. */
  public static final int ENODATA = 61;

  /** Not supported. */
  public static final int EOPNOTSUPP = 95;

  /** Connection aborted. */
  public static final int ECONNABORTED = 103;

  /** Not connected: a mount whose daemon is gone. */
  public static final int ENOTCONN = 107;

  /** Stale handle. */
  public static final int ESTALE = 116;

  private Errno() {}

  /** The error number of a failure. */
  public static int of(FsException.Failure failure) {
    return switch (failure) {
      case NO_ENTRY -> ENOENT;
      case EXISTS -> 17;
      case NOT_DIRECTORY -> 20;
      case IS_DIRECTORY -> 21;
      case NOT_EMPTY -> 39;
      case NO_SPACE -> 28;
      case QUOTA_EXCEEDED -> 122;
      case FILE_TOO_LARGE -> 27;
      case NAME_TOO_LONG -> 36;
      case TOO_MANY_LINKS -> 31;
      case INVALID -> EINVAL;
      case NOT_PERMITTED -> EPERM;
      case ACCESS_DENIED -> EACCES;
      case READ_ONLY -> 30;
      case NO_ATTRIBUTE -> ENODATA;
      case TOO_BIG -> E2BIG;
      case NOT_SUPPORTED -> EOPNOTSUPP;
      case NO_SUCH_OFFSET -> 6;
      case STALE, OTHER_TYPE -> ESTALE;
      case IS_SYMLINK -> 40;
      case INTERRUPTED -> EINTR;
      case DEADLOCK -> 35;
      case IO -> EIO;
    };
  }

  /** A number in words, for messages. */
  public static String describe(int errno) {
    return switch (errno) {
      case EPERM -> "operation not permitted (EPERM)";
      case ENOENT -> "no such file or directory (ENOENT)";
      case 12 -> "not enough memory, or above the limit (ENOMEM)";
      case EACCES -> "permission denied (EACCES)";
      case EBUSY -> "busy (EBUSY)";
      case ENODEV -> "no such device (ENODEV)";
      case EINVAL -> "invalid argument (EINVAL)";
      case 20 -> "not a directory (ENOTDIR)";
      default -> "error " + errno;
    };
  }
}
