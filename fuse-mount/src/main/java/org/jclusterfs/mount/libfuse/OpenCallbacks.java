package org.jclusterfs.mount.libfuse;

import jnr.ffi.Pointer;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/** What files and directories have alike: they are opened, made durable and closed. */
final class OpenCallbacks {
  private final LibFuseSession session;
  private final Vfs vfs;

  OpenCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    table.set(table.open, RawCallbacks.Path2.class, (path, file) -> open("open", path, file));
    table.set(table.opendir, RawCallbacks.Path2.class, (path, file) -> open("opendir", path, file));
    table.set(table.release, RawCallbacks.Path2.class, (path, file) -> release("release", file));
    table.set(
        table.releasedir, RawCallbacks.Path2.class, (path, file) -> release("releasedir", file));
    table.set(
        table.fsync,
        RawCallbacks.PathIntFile.class,
        (path, dataOnly, file) -> sync("fsync", dataOnly, file));
    table.set(
        table.fsyncdir,
        RawCallbacks.PathIntFile.class,
        (path, dataOnly, file) -> sync("fsyncdir", dataOnly, file));
  }

  private int open(String operation, Pointer path, Pointer file) {
    FuseFileInfo info = FuseFileInfo.of(file);
    return session.serve(
        operation,
        () -> {
          try (PathWalk.Found found = session.find(path)) {
            vfs.open(
                found.inode(),
                info.flags.intValue(),
                opened -> info.fh.set(session.handles().add(opened)));
            return 0;
          }
        });
  }

  private int release(String operation, Pointer file) {
    FuseFileInfo info = FuseFileInfo.of(file);
    return session.serve(
        operation,
        () -> {
          OpenFile opened = session.handles().remove(info.fh.longValue());
          if (opened != null) {
            // 0 for a directory.
            vfs.release(opened, info.lock_owner.longValue());
          }
          return 0;
        });
  }

  private int sync(String operation, int dataOnly, Pointer file) {
    return session.serve(
        operation,
        () -> {
          vfs.sync(session.file(file).inode(), dataOnly != 0);
          return 0;
        });
  }
}
