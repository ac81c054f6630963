package org.jclusterfs.fsck;

/** What is remembered of an inode that was found. */
final class InodeInfo {
  final long number;
  final String path;
  final int mode;
  final int linkCount;

  /** Names found that lead to it. */
  int names;

  /** Of a directory: subdirectories found. */
  int subdirectories;

  /** Of a directory: the directory it was found in. */
  long parent;

  /** Named by an orphan directory, or one itself: link counts follow other rules. */
  boolean system;

  InodeInfo(long number, String path, int mode, int linkCount) {
    this.number = number;
    this.path = path;
    this.mode = mode;
    this.linkCount = linkCount;
  }

  static final int TYPE_MASK = 0170000;
  static final int FIFO = 0010000;
  static final int CHARACTER_DEVICE = 0020000;
  static final int DIRECTORY = 0040000;
  static final int BLOCK_DEVICE = 0060000;
  static final int REGULAR = 0100000;
  static final int SYMLINK = 0120000;
  static final int SOCKET = 0140000;

  static boolean knownType(int mode) {
    return switch (mode & TYPE_MASK) {
      case FIFO, CHARACTER_DEVICE, DIRECTORY, BLOCK_DEVICE, REGULAR, SYMLINK, SOCKET -> true;
      default -> false;
    };
  }

  boolean isDirectory() {
    return (mode & TYPE_MASK) == DIRECTORY;
  }

  int expectedLinks() {
    return isDirectory() ? 2 + subdirectories : names;
  }
}
