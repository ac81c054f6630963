package org.jclusterfs.mount.libfuse;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.Type;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.DirectorySink;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/** Open directories. */
final class DirectoryCallbacks {
  private static final int TYPE_SHIFT = 12;
  private static final CallContext FILL =
      new CallContext(
          Type.SINT,
          new Type[] {Type.POINTER, Type.POINTER, Type.POINTER, Type.SINT64},
          CallingConvention.DEFAULT);

  private final LibFuseSession session;
  private final Vfs vfs;

  DirectoryCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    table.set(table.opendir, RawCallbacks.Path2.class, this::open);
    table.set(table.readdir, RawCallbacks.PathFill.class, this::read);
    table.set(table.releasedir, RawCallbacks.Path2.class, this::release);
    table.set(table.fsyncdir, RawCallbacks.PathIntFile.class, this::sync);
  }

  private int open(Pointer path, Pointer file) {
    FuseFileInfo info = FuseFileInfo.of(file);
    return session.serve(
        "opendir",
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

  private int read(Pointer path, Pointer buffer, Pointer fill, long offset, Pointer file) {
    return session.serve(
        "readdir",
        () -> {
          vfs.readDirectory(session.file(file), offset, false, new Filler(buffer, fill));
          return 0;
        });
  }

  private int release(Pointer path, Pointer file) {
    return session.serve(
        "releasedir",
        () -> {
          OpenFile opened = session.handles().remove(FuseFileInfo.of(file).fh.longValue());
          if (opened != null) {
            vfs.release(opened, 0);
          }
          return 0;
        });
  }

  private int sync(Pointer path, int dataOnly, Pointer file) {
    return session.serve(
        "fsyncdir",
        () -> {
          vfs.sync(session.file(file).inode(), dataOnly != 0);
          return 0;
        });
  }

  /** Hands entries to libfuse's fuse_fill_dir_t. */
  private static final class Filler implements DirectorySink {
    private final long buffer;
    private final long function;
    private final Pointer name;
    private final FileStat stat = new FileStat(Runtime.getSystemRuntime());
    private final Pointer statMemory;

    Filler(Pointer buffer, Pointer function) {
      this.buffer = buffer.address();
      this.function = function.address();
      name = Memory.allocateDirect(Runtime.getSystemRuntime(), Vfs.NAME_MAX + 1);
      statMemory = Memory.allocateDirect(Runtime.getSystemRuntime(), Struct.size(stat), true);
      stat.useMemory(statMemory);
    }

    @Override
    public boolean accept(
        byte[] bytes, long inode, int type, long nextCookie, Attributes attributes) {
      name.put(0, bytes, 0, bytes.length);
      name.putByte(bytes.length, (byte) 0);
      stat.st_ino.set(inode);
      stat.st_mode.set(type << TYPE_SHIFT);
      long full =
          Invoker.getInstance()
              .invokeN4(FILL, function, buffer, name.address(), statMemory.address(), nextCookie);
      return (int) full == 0;
    }
  }
}
