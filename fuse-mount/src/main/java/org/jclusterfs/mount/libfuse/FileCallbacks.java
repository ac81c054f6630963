package org.jclusterfs.mount.libfuse;

import java.nio.ByteBuffer;
import jnr.ffi.Pointer;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/** The content of open files. The kernel has no page of them, but of private mappings. */
final class FileCallbacks {
  private static final int O_DSYNC = 010000;
  private static final int O_SYNC_BIT = 04000000;

  private final LibFuseSession session;
  private final Vfs vfs;

  FileCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    table.set(table.read, RawCallbacks.PathData.class, this::read);
    table.set(table.write, RawCallbacks.PathData.class, this::write);
    table.set(table.flush, RawCallbacks.Path2.class, this::flush);
    table.set(table.fallocate, RawCallbacks.PathRange.class, this::allocate);
  }

  private int read(Pointer path, Pointer data, long size, long offset, Pointer file) {
    return session.serve(
        "read",
        () -> {
          ByteBuffer target = LibFuseSession.buffer(data, size);
          vfs.read(
              session.file(file),
              offset,
              (int) size,
              false,
              pieces -> pieces.forEach(piece -> target.put(piece.duplicate())));
          return target.position();
        });
  }

  private int write(Pointer path, Pointer data, long size, long offset, Pointer file) {
    int flags = FuseFileInfo.of(file).flags.intValue();
    // libfuse does not pass on that the kernel wants set-id bits cleared.
    boolean byRoot = session.library().fuse_get_context().uid.intValue() == 0;
    return session.serve(
        "write",
        () -> {
          OpenFile opened = session.file(file);
          int[] written = {0};
          vfs.write(
              opened,
              offset,
              LibFuseSession.buffer(data, size),
              byRoot ? flags : flags | Vfs.CLEAR_SETID,
              false,
              count -> written[0] = count);
          if ((flags & O_DSYNC) != 0) {
            // The kernel sends no FSYNC after a direct write to a file opened O_SYNC or O_DSYNC.
            vfs.sync(opened.inode(), (flags & O_SYNC_BIT) == 0);
          }
          return written[0];
        });
  }

  private int flush(Pointer path, Pointer file) {
    return session.serve(
        "flush",
        () -> {
          vfs.flush(session.file(file), FuseFileInfo.of(file).lock_owner.longValue());
          return 0;
        });
  }

  private int allocate(Pointer path, int mode, long offset, long length, Pointer file) {
    return session.serve(
        "fallocate",
        () -> {
          vfs.allocate(session.file(file), mode, offset, length);
          return 0;
        });
  }
}
