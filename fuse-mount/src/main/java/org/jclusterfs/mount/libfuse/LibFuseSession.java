package org.jclusterfs.mount.libfuse;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.ffi.Pointer;
import org.jclusterfs.core.vfs.Caller;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.FailureLog;
import org.jclusterfs.mount.Handles;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.Posix;
import ru.serce.jnrfuse.struct.FuseContext;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/** What the callbacks of one mount share. Thread-safe. */
final class LibFuseSession {
  private static final System.Logger LOG = System.getLogger(LibFuseSession.class.getName());
  private static final FailureLog FAILURES = new FailureLog(LOG);
  private static final int POLL_BYTES = 8;
  private static final int POLLERR = 8;

  private final Vfs vfs;
  private final LibFuse2 library;
  private final PathWalk paths;
  private final Handles handles = new Handles();
  private volatile int descriptor = -1;

  LibFuseSession(Vfs vfs, LibFuse2 library) {
    this.vfs = vfs;
    this.library = library;
    this.paths = new PathWalk(vfs);
  }

  /** What a callback does; its result goes to libfuse. */
  @FunctionalInterface
  interface Operation {
    int run() throws FsException;
  }

  /** Runs an operation; a failure becomes the negative error number. */
  int serve(String name, Operation operation) {
    try {
      return operation.run();
    } catch (FsException e) {
      if (e.failure() == FsException.Failure.IO) {
        FAILURES.log(name + " failed: " + e.getMessage(), e);
      }
      return -Errno.of(e.failure());
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, name + " failed unexpectedly", e);
      return -Errno.EIO;
    }
  }

  Vfs vfs() {
    return vfs;
  }

  LibFuse2 library() {
    return library;
  }

  PathWalk paths() {
    return paths;
  }

  Handles handles() {
    return handles;
  }

  /** The open file of a struct fuse_file_info. */
  OpenFile file(Pointer info) throws FsException {
    return handles.get(FuseFileInfo.of(info).fh.longValue());
  }

  /** The inode of a path; it needs no reference, as its file is open or nothing comes of it. */
  PathWalk.Found find(Pointer path) throws FsException {
    return paths.find(bytes(path));
  }

  /** Who makes something; the kernel has applied the umask. */
  Caller caller() {
    FuseContext context = library.fuse_get_context();
    return new Caller(context.uid.intValue(), context.gid.intValue(), 0);
  }

  /** Whose request this is, and who waits for it. */
  int callerProcess() {
    return library.fuse_get_context().pid.intValue();
  }

  /** Bytes of a string. */
  static byte[] bytes(Pointer string) {
    byte[] bytes = new byte[string.indexOf(0, (byte) 0)];
    string.get(0, bytes, 0, bytes.length);
    return bytes;
  }

  /** Memory as a buffer. */
  static ByteBuffer buffer(Pointer memory, long size) {
    return Posix.view(memory.address(), Math.toIntExact(size));
  }

  /** The connection was made; its descriptor tells when it is gone. */
  void connected(Pointer fuse) {
    Pointer channel = library.fuse_session_next_chan(library.fuse_get_session(fuse), null);
    descriptor = library.fuse_chan_fd(channel);
  }

  /** Whether the mount was removed or its connection aborted. */
  boolean isGone() {
    ByteBuffer poll = ByteBuffer.allocateDirect(POLL_BYTES).order(ByteOrder.nativeOrder());
    poll.putInt(0, descriptor);
    return Posix.libc().poll(Posix.address(poll), 1, 0) > 0 && (poll.getShort(6) & POLLERR) != 0;
  }
}
