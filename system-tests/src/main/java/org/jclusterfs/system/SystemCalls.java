package org.jclusterfs.system;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * System calls that the JDK has no way to, or whose errno it does not tell. Thread-safe.
 *
 * <p>Numbers are those of Linux on x86-64 and arm64.
 */
final class SystemCalls {

  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0100;
  static final int O_EXCL = 0200;
  static final int O_TRUNC = 01000;
  static final int O_APPEND = 02000;

  static final int FALLOC_KEEP_SIZE = 1;
  static final int FALLOC_PUNCH_HOLE = 2;
  static final int FALLOC_ZERO_RANGE = 16;

  static final int SEEK_END = 2;
  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;

  static final int RENAME_NOREPLACE = 1;
  static final int RENAME_EXCHANGE = 2;

  static final int PROT_READ = 1;
  static final int PROT_WRITE = 2;
  static final int MAP_SHARED = 1;

  static final int AT_FDCWD = -100;

  static final int ENOENT = 2;
  static final int ENXIO = 6;
  static final int EEXIST = 17;
  static final int ENOTDIR = 20;
  static final int EISDIR = 21;
  static final int EINVAL = 22;
  static final int ENOTEMPTY = 39;
  static final int ELOOP = 40;
  static final int ESTALE = 116;

  private static final C LIBC = LibraryLoader.create(C.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(LIBC);
  private static final MemoryIO MEMORY = MemoryIO.getInstance();

  private SystemCalls() {}

  /** The functions themselves; each returns -1 on failure and leaves {@link #errno()}. */
  public interface C {
    int open(String path, int flags, int mode);

    int close(int descriptor);

    long pread(int descriptor, long address, long size, long offset);

    long pwrite(int descriptor, long address, long size, long offset);

    long write(int descriptor, long address, long size);

    long lseek(int descriptor, long offset, int whence);

    int fsync(int descriptor);

    int ftruncate(int descriptor, long size);

    int fallocate(int descriptor, int mode, long offset, long length);

    /** copy_file_range(2), with pointers to two offsets, which it moves. */
    long copy_file_range(
        int from, Pointer fromOffset, int to, Pointer toOffset, long size, int flags);

    /** mmap(2), at whatever address. The binding's stubs for six integers lose the last one. */
    Pointer mmap(Pointer address, long length, int protection, int flags, int file, long offset);

    int munmap(long address, long length);

    int unlink(String path);

    int mkdir(String path, int mode);

    int rmdir(String path);

    int link(String path, String newPath);

    int symlink(String target, String path);

    int rename(String path, String newPath);

    int renameat2(int directory, String path, int newDirectory, String newPath, int flags);
  }

  static C c() {
    return LIBC;
  }

  /** errno of this thread's last call that failed. */
  static int errno() {
    return RUNTIME.getLastError();
  }

  /** A pointer to a direct buffer's byte at an index. */
  static Pointer pointer(ByteBuffer direct, int index) {
    return Pointer.wrap(RUNTIME, address(direct) + index);
  }

  /** Address of a direct buffer's first byte. */
  static long address(ByteBuffer direct) {
    return MEMORY.getDirectBufferAddress(direct);
  }

  /** Memory at an address as a buffer; who keeps it longer than the memory reads anything. */
  static ByteBuffer memory(long address, int size) {
    return MEMORY.newDirectByteBuffer(address, size).order(ByteOrder.nativeOrder());
  }
}
