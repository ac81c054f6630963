package org.jclusterfs.mount;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.OpenFile;

/** Open files by the handle that the kernel has. Thread-safe. */
public final class Handles {
  private final ConcurrentHashMap<Long, OpenFile> files = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1);

  /** Puts one in; returns its handle, never 0. */
  public long add(OpenFile file) {
    long handle = next.getAndIncrement();
    files.put(handle, file);
    return handle;
  }

  /** The file of a handle. */
  public OpenFile get(long handle) throws FsException {
    OpenFile file = files.get(handle);
    if (file == null) {
      throw new FsException(FsException.Failure.STALE, "no open file has handle " + handle);
    }
    return file;
  }

  /** Takes one out; null where it is not there. */
  public OpenFile remove(long handle) {
    return files.remove(handle);
  }

  /** Files that are open. */
  public int size() {
    return files.size();
  }
}
