package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the model of a filesystem knows of one inode: how it is, and how its content was. */
final class ModelInode {
  /** Type of an inode. */
  enum Type {
    FILE,
    DIRECTORY,
    SYMLINK,
    FIFO,
    DEVICE
  }

  /**
   * Content from one operation on.
   *
   * @param operation number of the operation that made it
   */
  record Version(int operation, byte[] content) {}

  private static final int BLOCK = 4096;

  final Type type;
  final TreeMap<String, ModelInode> children = new TreeMap<>();
  final TreeMap<String, byte[]> xattrs = new TreeMap<>();
  final List<Version> versions = new ArrayList<>();
  String target;
  ModelInode parent;
  int links = 1;
  int lastChange;
  int syncedVersion;
  private int syncedChange = -1;
  long number;

  ModelInode(Type type, int operation) {
    this.type = type;
    this.lastChange = operation;
    if (type == Type.DIRECTORY) {
      links = 2;
    }
    versions.add(new Version(operation, new byte[0]));
  }

  byte[] content() {
    return versions.get(versions.size() - 1).content();
  }

  void content(int operation, byte[] content) {
    versions.add(new Version(operation, content));
    lastChange = operation;
  }

  /** Number of the operation that changed the content last. */
  int lastContentChange() {
    return versions.get(versions.size() - 1).operation();
  }

  /** What is there now is durable from now on. */
  void synced() {
    syncedVersion = versions.size() - 1;
    syncedChange = lastChange;
  }

  /** Whether nothing was changed since it was synced. */
  boolean isDurable() {
    return syncedChange == lastChange;
  }

  /** Whether content found after a crash can have come about; null, or what is wrong. */
  String judge(byte[] found) {
    List<Version> window = versions.subList(syncedVersion, versions.size());
    int longest = 0;
    int shortest = Integer.MAX_VALUE;
    for (Version version : window) {
      longest = Math.max(longest, version.content().length);
      shortest = Math.min(shortest, version.content().length);
    }
    if (found.length > longest || found.length < shortest) {
      return "size " + found.length + ", may be " + shortest + " to " + longest;
    }
    for (int at = 0; at < found.length; at++) {
      boolean known = false;
      boolean covered = true;
      for (int i = window.size() - 1; i >= 0 && !known; i--) {
        byte[] content = window.get(i).content();
        covered &= at < content.length;
        known = at < content.length && content[at] == found[at];
      }
      if (!known && (covered || found[at] != 0)) {
        return "byte "
            + at
            + " of "
            + found.length
            + " is "
            + found[at]
            + ", was "
            + content()[Math.min(at, content().length - 1)]
            + " at last, "
            + window.size()
            + " versions since the sync";
      }
    }
    return null;
  }

  /**
   * Whether content found after a crash fits a tree as one operation left it; null, or what is
   * wrong. What that operation and those before it made reachable has to be there; in bytes that
   * were there already a write is allowed to have been lost if it was not durable, and one that
   * came later to have arrived.
   *
   * @param durable operation that is durable with all before it
   * @param exact operation as whose result the tree was found
   * @param newest last operation that had begun
   */
  String judge(byte[] found, int durable, int exact, int newest) {
    int at = versionOf(exact);
    byte[] expected = versions.get(at).content();
    if (found.length != expected.length) {
      return "size " + found.length + ", is " + expected.length;
    }
    int mismatch = Arrays.mismatch(found, expected);
    if (mismatch < 0) {
      return null;
    }
    int from = Math.min(at, versionOf(durable));
    int to = versionOf(newest);
    for (int i = mismatch; i < found.length; i++) {
      boolean known = false;
      for (int v = from; v <= to && !known; v++) {
        byte[] content = versions.get(v).content();
        known =
            v >= at
                ? i < content.length ? content[i] == found[i] : found[i] == 0 && inTail(content, i)
                : i < content.length && content[i] == found[i] && isAllocated(v, i);
      }
      if (!known) {
        return "byte " + i + " of " + found.length + " is " + found[i] + ", not " + expected[i];
      }
    }
    return null;
  }

  private int versionOf(int operation) {
    int found = 0;
    for (int v = 0; v < versions.size() && versions.get(v).operation() <= operation; v++) {
      found = v;
    }
    return found;
  }

  /** A truncation zeroes the rest of its last block in place. */
  private static boolean inTail(byte[] content, int at) {
    return at / BLOCK == (content.length - 1) / BLOCK;
  }

  /**
   * Whether the byte's block holds anything: what is written to a hole goes elsewhere. Zeros may be
   * in a block, too, where they once were content that stood in the inode and had to leave it.
   */
  private boolean isAllocated(int version, int at) {
    byte[] content = versions.get(version).content();
    int start = at / BLOCK * BLOCK;
    for (int i = start; i < Math.min(start + BLOCK, content.length); i++) {
      if (content[i] != 0) {
        return true;
      }
    }
    return start == 0
        && versions.subList(0, version + 1).stream()
            .map(each -> each.content().length)
            .anyMatch(length -> length > 0 && length < BLOCK);
  }

  /** Whether this directory is another one or lies below it. */
  boolean isBelow(ModelInode top) {
    for (ModelInode at = this; at != null; at = at.parent) {
      if (at == top) {
        return true;
      }
    }
    return false;
  }

  /** It was renamed from one directory into another. */
  void relink(int operation, ModelInode from, ModelInode to) {
    lastChange = operation;
    if (type == Type.DIRECTORY) {
      from.links--;
      to.links++;
      parent = to;
    }
  }

  /** It lost a name. */
  void unlinked(int operation, ModelInode directory, String name) {
    directory.children.remove(name);
    directory.lastChange = operation;
    links--;
    lastChange = operation;
    if (type == Type.DIRECTORY) {
      directory.links--;
    }
  }

  /**
   * One line that tells all of an inode but a file's content.
   *
   * @param size of a file; null where it may differ
   */
  static void line(
      StringBuilder out,
      String path,
      Type type,
      int links,
      String target,
      Map<String, byte[]> xattrs,
      Integer size) {
    out.append(path).append(' ').append(type).append(' ').append(links);
    if (type == Type.FILE && size != null) {
      out.append(" size ").append(size);
    }
    if (target != null) {
      out.append(" -> ").append(target.length() > 40 ? "#" + target.hashCode() : target);
    }
    xattrs.forEach(
        (name, value) -> out.append(' ').append(name).append('=').append(Arrays.hashCode(value)));
    out.append('\n');
  }
}
