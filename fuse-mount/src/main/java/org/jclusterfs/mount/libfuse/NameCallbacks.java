package org.jclusterfs.mount.libfuse;

import jnr.ffi.Pointer;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Caller;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.protocol.Replies;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/** What makes, renames and removes names. */
final class NameCallbacks {
  private static final int S_IFDIR = 0040000;
  private static final int S_IFMT = 0170000;

  private final LibFuseSession session;
  private final Vfs vfs;

  NameCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    table.set(table.mknod, RawCallbacks.PathIntLong.class, this::makeNode);
    table.set(table.mkdir, RawCallbacks.PathInt.class, this::makeDirectory);
    table.set(table.symlink, RawCallbacks.Path2.class, this::makeSymlink);
    table.set(table.create, RawCallbacks.PathIntFile.class, this::create);
    table.set(table.link, RawCallbacks.Path2.class, this::link);
    table.set(table.unlink, RawCallbacks.Path1.class, this::unlink);
    table.set(table.rmdir, RawCallbacks.Path1.class, this::removeDirectory);
    table.set(table.rename, RawCallbacks.Path2.class, this::rename);
  }

  /** What is done with a name in its directory. */
  @FunctionalInterface
  private interface InDirectory {
    void run(InodeId directory, byte[] name) throws FsException;
  }

  private int in(String operation, Pointer path, InDirectory action) {
    return session.serve(
        operation,
        () -> {
          byte[] bytes = LibFuseSession.bytes(path);
          try (PathWalk.Found directory = session.paths().parent(bytes)) {
            action.run(directory.inode(), PathWalk.name(bytes));
            return 0;
          }
        });
  }

  /** The reference that making something counts is not wanted. */
  private void made(Attributes attributes) {
    vfs.forget(attributes.inode(), 1);
  }

  private int makeNode(Pointer path, int mode, long device) {
    Caller caller = session.caller();
    return in(
        "mknod",
        path,
        (directory, name) ->
            vfs.makeNode(
                directory,
                name,
                mode,
                Replies.major((int) device),
                Replies.minor((int) device),
                caller,
                this::made));
  }

  private int makeDirectory(Pointer path, int mode) {
    Caller caller = session.caller();
    return in(
        "mkdir",
        path,
        (directory, name) ->
            vfs.makeNode(directory, name, mode & ~S_IFMT | S_IFDIR, 0, 0, caller, this::made));
  }

  private int makeSymlink(Pointer target, Pointer path) {
    Caller caller = session.caller();
    return in(
        "symlink",
        path,
        (directory, name) ->
            vfs.makeSymlink(directory, name, LibFuseSession.bytes(target), caller, this::made));
  }

  private int create(Pointer path, int mode, Pointer file) {
    Caller caller = session.caller();
    FuseFileInfo info = FuseFileInfo.of(file);
    return in(
        "create",
        path,
        (directory, name) ->
            vfs.create(
                directory,
                name,
                mode,
                info.flags.intValue(),
                caller,
                (attributes, opened) -> {
                  info.fh.set(session.handles().add(opened));
                  made(attributes);
                }));
  }

  private int link(Pointer existing, Pointer path) {
    return in(
        "link",
        path,
        (directory, name) -> {
          try (PathWalk.Found found = session.find(existing)) {
            vfs.link(found.inode(), directory, name, this::made);
          }
        });
  }

  private int unlink(Pointer path) {
    return in("unlink", path, (directory, name) -> vfs.unlink(directory, name, nothing -> {}));
  }

  private int removeDirectory(Pointer path) {
    return in(
        "rmdir", path, (directory, name) -> vfs.removeDirectory(directory, name, nothing -> {}));
  }

  private int rename(Pointer path, Pointer newPath) {
    Caller caller = session.caller();
    return in(
        "rename",
        path,
        (directory, name) -> {
          byte[] newBytes = LibFuseSession.bytes(newPath);
          try (PathWalk.Found newDirectory = session.paths().parent(newBytes)) {
            vfs.rename(
                directory,
                name,
                newDirectory.inode(),
                PathWalk.name(newBytes),
                0,
                caller,
                nothing -> {});
          }
        });
  }
}
