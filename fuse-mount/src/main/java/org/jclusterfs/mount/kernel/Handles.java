package org.jclusterfs.mount.kernel;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.OpenFile;

/** Open files by the handle that the kernel has. Thread-safe. */
final class Handles {
  private final ConcurrentHashMap<Long, OpenFile> files = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1);

  long add(OpenFile file) {
    long handle = next.getAndIncrement();
    files.put(handle, file);
    return handle;
  }

  OpenFile get(long handle) throws FsException {
    OpenFile file = files.get(handle);
    if (file == null) {
      throw new FsException(FsException.Failure.STALE, "no open file has handle " + handle);
    }
    return file;
  }

  /** Takes one out; null where it is not there. */
  OpenFile remove(long handle) {
    return files.remove(handle);
  }

  int size() {
    return files.size();
  }
}
