package org.jclusterfs.core.vfs;

import java.util.HashMap;
import java.util.Map;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.inode.Inode;

/** One open file description. */
final class OpenHandle implements OpenFile {
  static final int ACCESS_MODE = 3;
  static final int O_TRUNC = 01000;
  static final int O_APPEND = 02000;
  static final int O_EXCL = 0200;

  /** One of the flags that differ between machines. */
  static final int O_NOFOLLOW = System.getProperty("os.arch").equals("aarch64") ? 0100000 : 0400000;

  private final Inode inode;
  private final int flags;
  private final boolean directory;
  private final boolean keepCache;
  private final Map<Long, LockHolder> flocks = new HashMap<>();

  OpenHandle(Inode inode, int flags, boolean directory, boolean keepCache) {
    this.inode = inode;
    this.flags = flags;
    this.directory = directory;
    this.keepCache = keepCache;
  }

  static OpenHandle of(OpenFile file) {
    return (OpenHandle) file;
  }

  static boolean writes(int flags) {
    return (flags & ACCESS_MODE) != 0;
  }

  Inode node() {
    return inode;
  }

  @Override
  public long inode() {
    return inode.number();
  }

  @Override
  public int flags() {
    return flags;
  }

  @Override
  public boolean keepCache() {
    return keepCache;
  }

  @Override
  public boolean directIo() {
    return !directory && writes(flags);
  }

  boolean isDirectory() {
    return directory;
  }

  /** The flock that an owner holds through this description, or null. */
  synchronized LockHolder flock(long owner) {
    return flocks.get(owner);
  }

  /** Replaces it; null removes. Returns the earlier one. */
  synchronized LockHolder flock(long owner, LockHolder holder) {
    return holder == null ? flocks.remove(owner) : flocks.put(owner, holder);
  }

  /** Takes all of them out, at the last release. */
  synchronized LockHolder[] takeFlocks() {
    LockHolder[] all = flocks.values().toArray(new LockHolder[0]);
    flocks.clear();
    return all;
  }
}
