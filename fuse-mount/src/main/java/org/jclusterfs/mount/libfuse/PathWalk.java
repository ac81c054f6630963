package org.jclusterfs.mount.libfuse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.Vfs;

/**
 * Finds inodes by paths, from the root on and name by name, each time anew: nothing is remembered
 * of a name once the cluster lock that it was read under is given up. Thread-safe.
 */
final class PathWalk {
  private static final int NAMES_KEPT = 4096;

  private final Vfs vfs;

  /** Paths last used, by inode: for people only. */
  private final Map<Long, String> paths =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, String> eldest) {
          return size() > NAMES_KEPT;
        }
      };

  PathWalk(Vfs vfs) {
    this.vfs = vfs;
  }

  /** An inode with a reference on it, which is given back at the end. */
  final class Found implements AutoCloseable {
    private final InodeId inode;
    private final Attributes attributes;

    private Found(InodeId inode, Attributes attributes) {
      this.inode = inode;
      this.attributes = attributes;
    }

    InodeId inode() {
      return inode;
    }

    /** What its lookup told; null for the root. */
    Attributes attributes() {
      return attributes;
    }

    @Override
    public void close() {
      if (attributes != null) {
        vfs.forget(inode.number(), 1);
      }
    }
  }

  /** The inode of a path. */
  Found find(byte[] path) throws FsException {
    Found found = walk(path, path.length);
    note(found.inode().number(), path);
    return found;
  }

  /** The directory that holds the last name of a path; not for the root. */
  Found parent(byte[] path) throws FsException {
    return walk(path, lastSlash(path));
  }

  /** The last name of a path. */
  static byte[] name(byte[] path) {
    return Arrays.copyOfRange(path, lastSlash(path) + 1, path.length);
  }

  private static int lastSlash(byte[] path) {
    int at = path.length - 1;
    while (at > 0 && path[at] != '/') {
      at--;
    }
    return at;
  }

  private Found walk(byte[] path, int end) throws FsException {
    Found at = new Found(InodeId.ofNumber(vfs.root()), null);
    int start = 1;
    while (start < end) {
      int stop = start;
      while (stop < end && path[stop] != '/') {
        stop++;
      }
      Attributes[] told = {null};
      try (Found directory = at) {
        vfs.lookup(directory.inode(), Arrays.copyOfRange(path, start, stop), a -> told[0] = a);
      }
      at = new Found(told[0].id(), told[0]);
      start = stop + 1;
    }
    return at;
  }

  private void note(long inode, byte[] path) {
    synchronized (paths) {
      paths.put(inode, new String(path, StandardCharsets.UTF_8));
    }
  }

  /** The path by which an inode was last found, or null. */
  String lastPath(long inode) {
    synchronized (paths) {
      return paths.get(inode);
    }
  }
}
