package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** What the model of a filesystem knows of one inode: how it is, and how its content was. */
final class ModelInode {
  /** Type of an inode. */
  enum Type {
    FILE,
    DIRECTORY,
    SYMLINK
  }

  /**
   * Content from one operation on.
   *
   * @param operation number of the operation that made it
   */
  record Version(int operation, byte[] content) {}

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
}
