package org.jclusterfs.mount.kernel;

import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Requests.InitIn;

/**
 * The outcome of INIT.
 *
 * @param minor protocol minor version of both
 * @param flags feature bits of both
 */
record Negotiated(int minor, long flags) {
  static final int MAJOR = 7;
  static final int OLDEST_MINOR = 31;
  static final int NEWEST_MINOR = 45;
  private static final int EPOCH_MINOR = 44;

  /**
   * What is asked for where the kernel has it. Left out with reason: WRITEBACK_CACHE (the kernel
   * would ignore sizes made by other nodes), EXPORT_SUPPORT (no lookup of ".."), READDIRPLUS_AUTO
   * (the first {@code ls -l} would look up each name), EXPLICIT_INVAL_DATA (AUTO_INVAL_DATA also
   * bounds what a stopped daemon's pages can be).
   */
  static final long WANTED =
      Flags.ASYNC_READ
          | Flags.POSIX_LOCKS
          | Flags.ATOMIC_O_TRUNC
          | Flags.BIG_WRITES
          | Flags.DONT_MASK
          | Flags.FLOCK_LOCKS
          | Flags.AUTO_INVAL_DATA
          | Flags.DO_READDIRPLUS
          | Flags.ASYNC_DIO
          | Flags.PARALLEL_DIROPS
          | Flags.ABORT_ERROR
          | Flags.MAX_PAGES
          | Flags.HANDLE_KILLPRIV_V2
          | Flags.SETXATTR_EXT
          | Flags.INIT_EXT
          | Flags.DIRECT_IO_ALLOW_MMAP;

  /** What is agreed on with a kernel; {@code acls}: it is to obey access control lists. */
  static Negotiated with(InitIn init, boolean acls) {
    long wanted = WANTED | (acls ? Flags.POSIX_ACL : 0);
    return new Negotiated(Math.min(init.minor(), NEWEST_MINOR), init.flags() & wanted);
  }

  /** Whether FUSE_NOTIFY_INC_EPOCH is there. */
  boolean epochs() {
    return minor >= EPOCH_MINOR;
  }

  boolean has(long flag) {
    return (flags & flag) != 0;
  }
}
