package org.jclusterfs.mount.libfuse;

import jnr.ffi.Pointer;
import jnr.ffi.annotations.Delegate;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;

/**
 * The functions of fuse_operations by the types of their arguments. jnr-fuse's own take paths as
 * strings; names are bytes here, which need not be of any character set. Public, since jnr-ffi
 * calls them from classes that it makes.
 */
public final class RawCallbacks {
  private RawCallbacks() {}

  /** unlink, rmdir. */
  public interface Path1 {
    /** The call. */
    @Delegate
    int call(Pointer path);
  }

  /** getattr, statfs, open, opendir, release, flush, utimens, symlink, rename, link, … */
  public interface Path2 {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer second);
  }

  /** fgetattr. */
  public interface Path3 {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer second, Pointer third);
  }

  /** mkdir, chmod. */
  public interface PathInt {
    /** The call. */
    @Delegate
    int call(Pointer path, int number);
  }

  /** chown. */
  public interface PathIntInt {
    /** The call. */
    @Delegate
    int call(Pointer path, int first, int second);
  }

  /** mknod. */
  public interface PathIntLong {
    /** The call. */
    @Delegate
    int call(Pointer path, int mode, long device);
  }

  /** truncate. */
  public interface PathOffset {
    /** The call. */
    @Delegate
    int call(Pointer path, @off_t long size);
  }

  /** ftruncate. */
  public interface PathOffsetFile {
    /** The call. */
    @Delegate
    int call(Pointer path, @off_t long size, Pointer file);
  }

  /** create, fsync, fsyncdir. */
  public interface PathIntFile {
    /** The call. */
    @Delegate
    int call(Pointer path, int number, Pointer file);
  }

  /** flock. */
  public interface PathFileInt {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer file, int number);
  }

  /** readlink, listxattr. */
  public interface PathBuffer {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer buffer, @size_t long size);
  }

  /** getxattr. */
  public interface PathNameBuffer {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer name, Pointer buffer, @size_t long size);
  }

  /** setxattr. */
  public interface PathNameValue {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer name, Pointer value, @size_t long size, int flags);
  }

  /** read, write. */
  public interface PathData {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer data, @size_t long size, @off_t long offset, Pointer file);
  }

  /** readdir. */
  public interface PathFill {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer buffer, Pointer fill, @off_t long offset, Pointer file);
  }

  /** lock. */
  public interface PathLock {
    /** The call. */
    @Delegate
    int call(Pointer path, Pointer file, int command, Pointer lock);
  }

  /** fallocate. */
  public interface PathRange {
    /** The call. */
    @Delegate
    int call(Pointer path, int mode, @off_t long offset, @off_t long length, Pointer file);
  }

  /** init. */
  public interface Init {
    /** The call. */
    @Delegate
    Pointer call(Pointer connection);
  }
}
