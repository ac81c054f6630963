package org.jclusterfs.mount.protocol;

import java.nio.ByteBuffer;

/**
 * What the kernel sends, one record per structure of fuse.h, each read by {@code at(buffer,
 * offset)} from a buffer in the host's byte order. Names follow the header without their prefix.
 */
public final class Requests {

  private Requests() {}

  /**
   * fuse_in_header.
   *
   * <pre>
   *  0 len  4 opcode  8 unique  16 nodeid  24 uid  28 gid  32 pid  36 total_extlen  38 padding
   * </pre>
   */
  public record InHeader(int len, int opcode, long unique, long nodeid, int uid, int gid, int pid) {
    /** Size of the record. */
    public static final int BYTES = 40;

    /** Reads one. */
    public static InHeader at(ByteBuffer b, int o) {
      return new InHeader(
          b.getInt(o),
          b.getInt(o + 4),
          b.getLong(o + 8),
          b.getLong(o + 16),
          b.getInt(o + 24),
          b.getInt(o + 28),
          b.getInt(o + 32));
    }
  }

  /** fuse_init_in: 0 major, 4 minor, 8 max_readahead, 12 flags, 16 flags2 (from 7.36). */
  public record InitIn(int major, int minor, int maxReadahead, long flags) {
    /** Size of the record since 7.36; older kernels send 16. */
    public static final int BYTES = 64;

    /** Reads one of {@code size} bytes. */
    public static InitIn at(ByteBuffer b, int o, int size) {
      long flags = size >= 16 ? b.getInt(o + 12) & 0xffffffffL : 0;
      if ((flags & Flags.INIT_EXT) != 0 && size >= 20) {
        flags |= (long) b.getInt(o + 16) << 32;
      }
      return new InitIn(b.getInt(o), b.getInt(o + 4), size >= 12 ? b.getInt(o + 8) : 0, flags);
    }
  }

  /**
   * fuse_setattr_in.
   *
   * <pre>
   *  0 valid   8 fh    16 size  24 lock_owner  32 atime  40 mtime  48 ctime
   * 56 atimensec  60 mtimensec  64 ctimensec   68 mode   72 unused 76 uid  80 gid  84 unused
   * </pre>
   */
  public record SetattrIn(
      int valid,
      long size,
      long atime,
      long mtime,
      int atimensec,
      int mtimensec,
      int mode,
      int uid,
      int gid) {
    /** Size of the record. */
    public static final int BYTES = 88;

    /** Reads one. */
    public static SetattrIn at(ByteBuffer b, int o) {
      return new SetattrIn(
          b.getInt(o),
          b.getLong(o + 16),
          b.getLong(o + 32),
          b.getLong(o + 40),
          b.getInt(o + 56),
          b.getInt(o + 60),
          b.getInt(o + 68),
          b.getInt(o + 76),
          b.getInt(o + 80));
    }
  }

  /** fuse_mknod_in: 0 mode, 4 rdev, 8 umask, 12 padding; the name follows. */
  public record MknodIn(int mode, int rdev, int umask) {
    /** Size of the record. */
    public static final int BYTES = 16;

    /** Reads one. */
    public static MknodIn at(ByteBuffer b, int o) {
      return new MknodIn(b.getInt(o), b.getInt(o + 4), b.getInt(o + 8));
    }
  }

  /** fuse_mkdir_in: 0 mode, 4 umask; the name follows. */
  public record MkdirIn(int mode, int umask) {
    /** Size of the record. */
    public static final int BYTES = 8;

    /** Reads one. */
    public static MkdirIn at(ByteBuffer b, int o) {
      return new MkdirIn(b.getInt(o), b.getInt(o + 4));
    }
  }

  /** fuse_create_in: 0 flags, 4 mode, 8 umask, 12 open_flags; the name follows. */
  public record CreateIn(int flags, int mode, int umask, int openFlags) {
    /** Size of the record. */
    public static final int BYTES = 16;

    /** Reads one. */
    public static CreateIn at(ByteBuffer b, int o) {
      return new CreateIn(b.getInt(o), b.getInt(o + 4), b.getInt(o + 8), b.getInt(o + 12));
    }
  }

  /** fuse_open_in: 0 flags, 4 open_flags. */
  public record OpenIn(int flags, int openFlags) {
    /** Size of the record. */
    public static final int BYTES = 8;

    /** Reads one. */
    public static OpenIn at(ByteBuffer b, int o) {
      return new OpenIn(b.getInt(o), b.getInt(o + 4));
    }
  }

  /** fuse_read_in: 0 fh, 8 offset, 16 size, 20 read_flags, 24 lock_owner, 32 flags. */
  public record ReadIn(long fh, long offset, int size, int readFlags, int flags) {
    /** Size of the record. */
    public static final int BYTES = 40;

    /** Reads one. */
    public static ReadIn at(ByteBuffer b, int o) {
      return new ReadIn(
          b.getLong(o), b.getLong(o + 8), b.getInt(o + 16), b.getInt(o + 20), b.getInt(o + 32));
    }
  }

  /** fuse_write_in: 0 fh, 8 offset, 16 size, 20 write_flags, 24 lock_owner, 32 flags; data. */
  public record WriteIn(long fh, long offset, int size, int writeFlags, int flags) {
    /** Size of the record. */
    public static final int BYTES = 40;

    /** Reads one. */
    public static WriteIn at(ByteBuffer b, int o) {
      return new WriteIn(
          b.getLong(o), b.getLong(o + 8), b.getInt(o + 16), b.getInt(o + 20), b.getInt(o + 32));
    }
  }

  /** fuse_release_in: 0 fh, 8 flags, 12 release_flags, 16 lock_owner. */
  public record ReleaseIn(long fh, int flags, int releaseFlags, long lockOwner) {
    /** Size of the record. */
    public static final int BYTES = 24;

    /** Reads one. */
    public static ReleaseIn at(ByteBuffer b, int o) {
      return new ReleaseIn(b.getLong(o), b.getInt(o + 8), b.getInt(o + 12), b.getLong(o + 16));
    }
  }

  /** fuse_flush_in: 0 fh, 8 unused, 12 padding, 16 lock_owner. */
  public record FlushIn(long fh, long lockOwner) {
    /** Size of the record. */
    public static final int BYTES = 24;

    /** Reads one. */
    public static FlushIn at(ByteBuffer b, int o) {
      return new FlushIn(b.getLong(o), b.getLong(o + 16));
    }
  }

  /** fuse_fsync_in: 0 fh, 8 fsync_flags. */
  public record FsyncIn(long fh, int fsyncFlags) {
    /** Size of the record. */
    public static final int BYTES = 16;

    /** Reads one. */
    public static FsyncIn at(ByteBuffer b, int o) {
      return new FsyncIn(b.getLong(o), b.getInt(o + 8));
    }
  }

  /**
   * fuse_lk_in with its fuse_file_lock: 0 fh, 8 owner, 16 start, 24 end, 32 type, 36 pid, 40
   * lk_flags.
   */
  public record LkIn(long fh, long owner, long start, long end, int type, int pid, int lkFlags) {
    /** Size of the record. */
    public static final int BYTES = 48;

    /** F_RDLCK. */
    public static final int READ_LOCK = 0;

    /** F_WRLCK. */
    public static final int WRITE_LOCK = 1;

    /** F_UNLCK. */
    public static final int UNLOCK = 2;

    /** Reads one. */
    public static LkIn at(ByteBuffer b, int o) {
      return new LkIn(
          b.getLong(o),
          b.getLong(o + 8),
          b.getLong(o + 16),
          b.getLong(o + 24),
          b.getInt(o + 32),
          b.getInt(o + 36),
          b.getInt(o + 40));
    }
  }

  /** fuse_fallocate_in: 0 fh, 8 offset, 16 length, 24 mode. */
  public record FallocateIn(long fh, long offset, long length, int mode) {
    /** Size of the record. */
    public static final int BYTES = 32;

    /** Reads one. */
    public static FallocateIn at(ByteBuffer b, int o) {
      return new FallocateIn(b.getLong(o), b.getLong(o + 8), b.getLong(o + 16), b.getInt(o + 24));
    }
  }

  /**
   * fuse_copy_file_range_in: 0 fh_in, 8 off_in, 16 nodeid_out, 24 fh_out, 32 off_out, 40 len, 48
   * flags.
   */
  public record CopyFileRangeIn(long fhIn, long offIn, long fhOut, long offOut, long len) {
    /** Size of the record. */
    public static final int BYTES = 56;

    /** Reads one. */
    public static CopyFileRangeIn at(ByteBuffer b, int o) {
      return new CopyFileRangeIn(
          b.getLong(o), b.getLong(o + 8), b.getLong(o + 24), b.getLong(o + 32), b.getLong(o + 40));
    }
  }

  /** fuse_ioctl_in: 0 fh, 8 flags, 12 cmd, 16 arg, 24 in_size, 28 out_size; the input follows. */
  public record IoctlIn(int cmd, int inSize, int outSize) {
    /** Size of the record. */
    public static final int BYTES = 32;

    /** Reads one. */
    public static IoctlIn at(ByteBuffer b, int o) {
      return new IoctlIn(b.getInt(o + 12), b.getInt(o + 24), b.getInt(o + 28));
    }
  }

  /** fuse_lseek_in: 0 fh, 8 offset, 16 whence. */
  public record LseekIn(long fh, long offset, int whence) {
    /** Size of the record. */
    public static final int BYTES = 24;

    /** Reads one. */
    public static LseekIn at(ByteBuffer b, int o) {
      return new LseekIn(b.getLong(o), b.getLong(o + 8), b.getInt(o + 16));
    }
  }

  /**
   * fuse_setxattr_in: 0 size, 4 flags, and with FUSE_SETXATTR_EXT 8 setxattr_flags, 12 padding; the
   * name, NUL, the value.
   *
   * @param bytes size of the record
   */
  public record SetxattrIn(int size, int flags, int setxattrFlags, int bytes) {

    /** Reads one; {@code extended} with FUSE_SETXATTR_EXT. */
    public static SetxattrIn at(ByteBuffer b, int o, boolean extended) {
      return new SetxattrIn(
          b.getInt(o), b.getInt(o + 4), extended ? b.getInt(o + 8) : 0, extended ? 16 : 8);
    }
  }

  /** Size of fuse_getxattr_in: 0 size, 4 padding; the name follows. */
  public static final int GETXATTR_IN_BYTES = 8;

  /** Size of fuse_rename_in: 0 newdir; two names follow. */
  public static final int RENAME_IN_BYTES = 8;

  /** Size of fuse_rename2_in: 0 newdir, 8 flags, 12 padding; two names follow. */
  public static final int RENAME2_IN_BYTES = 16;

  /** Size of fuse_link_in: 0 oldnodeid; the name follows. */
  public static final int LINK_IN_BYTES = 8;

  /** Size of fuse_forget_in: 0 nlookup. */
  public static final int FORGET_IN_BYTES = 8;

  /** Size of fuse_batch_forget_in: 0 count, 4 dummy; fuse_forget_one follow. */
  public static final int BATCH_FORGET_IN_BYTES = 8;

  /** Size of fuse_forget_one: 0 nodeid, 8 nlookup. */
  public static final int FORGET_ONE_BYTES = 16;

  /** Size of fuse_getattr_in: 0 getattr_flags, 8 fh. */
  public static final int GETATTR_IN_BYTES = 16;

  /** Size of fuse_statx_in: 0 getattr_flags, 8 fh, 16 sx_flags, 20 sx_mask. */
  public static final int STATX_IN_BYTES = 24;

  /** Size of fuse_interrupt_in: 0 unique. */
  public static final int INTERRUPT_IN_BYTES = 8;
}
