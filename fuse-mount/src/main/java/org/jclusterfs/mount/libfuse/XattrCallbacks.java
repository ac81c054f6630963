package org.jclusterfs.mount.libfuse;

import java.util.List;
import jnr.ffi.Pointer;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.xattr.PosixAcl;
import org.jclusterfs.mount.XattrNames;
import org.jclusterfs.mount.posix.Errno;

/** Extended attributes. */
final class XattrCallbacks {
  private final LibFuseSession session;
  private final Vfs vfs;

  XattrCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    table.set(table.setxattr, RawCallbacks.PathNameValue.class, this::set);
    table.set(table.getxattr, RawCallbacks.PathNameBuffer.class, this::get);
    table.set(table.listxattr, RawCallbacks.PathBuffer.class, this::list);
    table.set(table.removexattr, RawCallbacks.Path2.class, this::remove);
  }

  /** libfuse 2 cannot make the kernel obey a list: one that is told and not obeyed is worse. */
  private static byte[] name(Pointer name) throws FsException {
    byte[] bytes = LibFuseSession.bytes(name);
    if (PosixAcl.isName(bytes)) {
      throw new FsException(Failure.NOT_SUPPORTED, "binding=libfuse knows no ACLs");
    }
    return bytes;
  }

  private int set(Pointer path, Pointer name, Pointer value, long size, int flags) {
    return session.serve(
        "setxattr",
        () -> {
          byte[] bytes = new byte[Math.toIntExact(size)];
          if (size > 0) {
            value.get(0, bytes, 0, bytes.length);
          }
          byte[] attribute = name(name);
          try (PathWalk.Found found = session.find(path)) {
            vfs.setXattr(found.inode(), attribute, bytes, flags);
            return 0;
          }
        });
  }

  private int get(Pointer path, Pointer name, Pointer buffer, long size) {
    return session.serve(
        "getxattr",
        () -> {
          byte[] attribute = name(name);
          try (PathWalk.Found found = session.find(path)) {
            int[] result = {0};
            vfs.getXattr(
                found.inode(), attribute, value -> result[0] = give(value, 0, buffer, size));
            return result[0];
          }
        });
  }

  private int list(Pointer path, Pointer buffer, long size) {
    return session.serve(
        "listxattr",
        () -> {
          try (PathWalk.Found found = session.find(path)) {
            int[] result = {0};
            vfs.listXattrs(
                found.inode(),
                all -> {
                  List<byte[]> names = XattrNames.visible(all, session.callerProcess());
                  int total = names.stream().mapToInt(each -> each.length + 1).sum();
                  if (size != 0 && total > size) {
                    result[0] = -Errno.ERANGE;
                    return;
                  }
                  int at = 0;
                  for (byte[] each : names) {
                    if (size != 0) {
                      buffer.put(at, each, 0, each.length);
                      buffer.putByte(at + each.length, (byte) 0);
                    }
                    at += each.length + 1;
                  }
                  result[0] = at;
                });
            return result[0];
          }
        });
  }

  /** Gives a value, or its size alone where the caller has no room. */
  private static int give(byte[] value, int at, Pointer buffer, long size) {
    if (size == 0) {
      return value.length;
    }
    if (value.length > size) {
      return -Errno.ERANGE;
    }
    buffer.put(at, value, 0, value.length);
    return value.length;
  }

  private int remove(Pointer path, Pointer name) {
    return session.serve(
        "removexattr",
        () -> {
          byte[] attribute = name(name);
          try (PathWalk.Found found = session.find(path)) {
            vfs.removeXattr(found.inode(), attribute);
            return 0;
          }
        });
  }
}
