package org.jclusterfs.mount.posix;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/** Access to {@link LibC}, its errno, and memory outside the Java heap. Thread-safe. */
public final class Posix {

  /** open(2): read and write. */
  public static final int O_RDWR = 2;

  /** open(2): not inherited by programs started. */
  public static final int O_CLOEXEC = 02000000;

  /** recvmsg(2): descriptors that come are not inherited by programs started. */
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;

  /** umount2(2): detach now, clean up when no longer in use. */
  public static final int MNT_DETACH = 2;

  private static final LibC LIBC = LibraryLoader.create(LibC.class).load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(LIBC);
  private static final MemoryIO MEMORY = MemoryIO.getInstance();

  private Posix() {}

  /** The functions. */
  public static LibC libc() {
    return LIBC;
  }

  /** Whether this process may mount by itself. */
  public static boolean isRoot() {
    return LIBC.geteuid() == 0;
  }

  /** errno of this thread's last call that failed. */
  public static int errno() {
    return RUNTIME.getLastError();
  }

  /** Address of a direct buffer's first byte, position 0. */
  public static long address(ByteBuffer direct) {
    return MEMORY.getDirectBufferAddress(direct);
  }

  /** Memory of somebody else as a buffer in the host's byte order. */
  public static ByteBuffer view(long address, int size) {
    return MEMORY.newDirectByteBuffer(address, size).order(ByteOrder.nativeOrder());
  }

  /**
   * Memory that takes no room before it is touched, unlike a direct buffer of the JDK, which is
   * zeroed.
   *
   * @return a buffer in the host's byte order, to be given back by {@link #free}
   */
  public static ByteBuffer allocate(int size) {
    long address = MEMORY.allocateMemory(size, false);
    if (address == 0) {
      throw new OutOfMemoryError(size + " bytes outside the heap");
    }
    return view(address, size);
  }

  /** Gives memory of {@link #allocate} back; nobody may use the buffer any more. */
  public static void free(ByteBuffer allocated) {
    MEMORY.freeMemory(address(allocated));
  }
}
