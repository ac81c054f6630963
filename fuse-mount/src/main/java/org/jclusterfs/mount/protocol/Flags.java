package org.jclusterfs.mount.protocol;

/** Flag bits of the protocol. */
public final class Flags {
  /** fuse_init: several reads at once. */
  public static final long ASYNC_READ = 1;

  /** fuse_init: fcntl locks come here. */
  public static final long POSIX_LOCKS = 1 << 1;

  /** fuse_init: O_TRUNC is part of OPEN. */
  public static final long ATOMIC_O_TRUNC = 1 << 3;

  /** fuse_init: writes larger than a page. */
  public static final long BIG_WRITES = 1 << 5;

  /** fuse_init: modes of new files come with the umask and without it applied. */
  public static final long DONT_MASK = 1 << 6;

  /** fuse_init: flock locks come here. */
  public static final long FLOCK_LOCKS = 1 << 10;

  /** fuse_init: a changed size or mtime drops the pages. */
  public static final long AUTO_INVAL_DATA = 1 << 12;

  /** fuse_init: READDIRPLUS. */
  public static final long DO_READDIRPLUS = 1 << 13;

  /** fuse_init: asynchronous direct I/O. */
  public static final long ASYNC_DIO = 1 << 15;

  /** fuse_init: lookups and listings in one directory at once. */
  public static final long PARALLEL_DIROPS = 1 << 18;

  /** fuse_init: the kernel reads ACLs as extended attributes, keeps them and obeys them. */
  public static final long POSIX_ACL = 1 << 20;

  /**
   * fuse_init: reads of an aborted connection fail with ECONNABORTED, those of an unmounted one
   * otherwise.
   */
  public static final long ABORT_ERROR = 1 << 21;

  /** fuse_init: max_pages is valid. */
  public static final long MAX_PAGES = 1 << 22;

  /**
   * fuse_init: clearing set-id bits and security.capability is the filesystem's task, and requests
   * tell whether the caller is one for whom they go; kernel 5.11 (protocol 7.33).
   */
  public static final long HANDLE_KILLPRIV_V2 = 1 << 28;

  /** fuse_init: SETXATTR tells more about who sets, in a longer fuse_setxattr_in. */
  public static final long SETXATTR_EXT = 1 << 29;

  /** fuse_init: flags2 is valid. */
  public static final long INIT_EXT = 1 << 30;

  /** fuse_init: MAP_SHARED on direct I/O files, kernel 6.6 (protocol 7.39). */
  public static final long DIRECT_IO_ALLOW_MMAP = 1L << 36;

  /** fuse_setattr_in.valid bits. */
  public static final int FATTR_MODE = 1;

  /** uid is valid. */
  public static final int FATTR_UID = 1 << 1;

  /** gid is valid. */
  public static final int FATTR_GID = 1 << 2;

  /** size is valid. */
  public static final int FATTR_SIZE = 1 << 3;

  /** atime is valid. */
  public static final int FATTR_ATIME = 1 << 4;

  /** mtime is valid. */
  public static final int FATTR_MTIME = 1 << 5;

  /** atime is the server's clock. */
  public static final int FATTR_ATIME_NOW = 1 << 7;

  /** mtime is the server's clock. */
  public static final int FATTR_MTIME_NOW = 1 << 8;

  /** ctime is valid. */
  public static final int FATTR_CTIME = 1 << 10;

  /** All bits that stand for attributes. */
  public static final int FATTR_ALL =
      FATTR_MODE
          | FATTR_UID
          | FATTR_GID
          | FATTR_SIZE
          | FATTR_ATIME
          | FATTR_MTIME
          | FATTR_ATIME_NOW
          | FATTR_MTIME_NOW
          | FATTR_CTIME;

  /** set-id bits are to go. */
  public static final int FATTR_KILL_SUIDGID = 1 << 11;

  /** fuse_open_in and fuse_create_in open_flags: set-id bits are to go with O_TRUNC. */
  public static final int OPEN_KILL_SUIDGID = 1;

  /** fuse_open_out: no page cache. */
  public static final int FOPEN_DIRECT_IO = 1;

  /** fuse_open_out: cached pages stay. */
  public static final int FOPEN_KEEP_CACHE = 1 << 1;

  /** fuse_open_out: direct writes may overlap in time. */
  public static final int FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;

  /** fuse_write_in: pages of a mapping written back; the handle is a guess. */
  public static final int WRITE_CACHE = 1;

  /** fuse_write_in: lock_owner is valid, which only direct writes set. */
  public static final int WRITE_LOCKOWNER = 1 << 1;

  /** fuse_write_in: set-id bits are to go. */
  public static final int WRITE_KILL_SUIDGID = 1 << 2;

  /** fuse_read_in: lock_owner is valid, which only direct reads set. */
  public static final int READ_LOCKOWNER = 1 << 1;

  /** fuse_release_in: drop the flock of this description. */
  public static final int RELEASE_FLOCK_UNLOCK = 1 << 1;

  /** fuse_fsync_in: data only. */
  public static final int FSYNC_FDATASYNC = 1;

  /** fuse_lk_in: flock(2) and not fcntl(2). */
  public static final int LK_FLOCK = 1;

  private Flags() {}

  /** fuse_setxattr_in.setxattr_flags: whoever sets an access ACL is not in the file's group. */
  public static final int SETXATTR_ACL_KILL_SGID = 1;
}
