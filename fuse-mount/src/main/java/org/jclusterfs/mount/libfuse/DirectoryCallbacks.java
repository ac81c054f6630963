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
import org.jclusterfs.core.vfs.Vfs;
import ru.serce.jnrfuse.struct.FileStat;

/** Directories are read. */
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
    table.set(table.readdir, RawCallbacks.PathFill.class, this::read);
  }

  private int read(Pointer path, Pointer buffer, Pointer fill, long offset, Pointer file) {
    return session.serve(
        "readdir",
        () -> {
          vfs.readDirectory(session.file(file), offset, false, new Filler(buffer, fill));
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
