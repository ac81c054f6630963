package org.jclusterfs.mount.libfuse;

import java.util.ArrayList;
import java.util.List;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import ru.serce.jnrfuse.struct.FuseOperations;

/** struct fuse_operations, filled with {@link RawCallbacks}. */
final class OperationTable extends FuseOperations {
  /** flag_nullpath_ok, flag_nopath, flag_utime_omit_ok. */
  private static final int FLAGS = 1 | 2 | 4;

  private final List<Object> kept = new ArrayList<>();

  /** An empty table: what is not set libfuse answers with ENOSYS. */
  OperationTable(Runtime runtime) {
    super(runtime);
    // The word of flags lies between two functions. Without it libfuse would look up, and lock, the
    // path of every request about an open file, and drop a time that is set alone.
    Struct.getMemory(this).putInt(bmap.offset() + runtime.addressSize(), FLAGS);
  }

  /** Sets one; the callback lives as long as the table. */
  <T> void set(AbstractMember member, Class<T> type, T callback) {
    kept.add(callback);
    Struct.getMemory(this)
        .putPointer(
            member.offset(), getRuntime().getClosureManager().getClosurePointer(type, callback));
  }
}
