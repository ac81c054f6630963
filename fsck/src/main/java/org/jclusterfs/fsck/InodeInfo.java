package org.jclusterfs.fsck;

import java.nio.charset.StandardCharsets;

/**
 * An inode that was found, as the passes see it: a view of what {@link FoundInodes} remembers, made
 * anew whenever one is wanted. Used by one thread.
 */
final class InodeInfo {
  static final int TYPE_MASK = 0170000;
  static final int FIFO = 0010000;
  static final int CHARACTER_DEVICE = 0020000;
  static final int DIRECTORY = 0040000;
  static final int BLOCK_DEVICE = 0060000;
  static final int REGULAR = 0100000;
  static final int SYMLINK = 0120000;
  static final int SOCKET = 0140000;

  final long number;

  private final Check check;
  private final InodeInfo directory;
  private final byte[] name;
  private String path;

  /**
   * A view.
   *
   * @param directory where it was found now, under {@code name}; null where only {@link Paths}
   *     knows
   */
  InodeInfo(Check check, long number, InodeInfo directory, byte[] name) {
    this.check = check;
    this.number = number;
    this.directory = directory;
    this.name = name;
  }

  static boolean knownType(int mode) {
    return switch (mode & TYPE_MASK) {
      case FIFO, CHARACTER_DEVICE, DIRECTORY, BLOCK_DEVICE, REGULAR, SYMLINK, SOCKET -> true;
      default -> false;
    };
  }

  /** Where it was found now; null where that is not known. */
  InodeInfo directory() {
    return directory;
  }

  private FoundInodes table() {
    return check.inodes;
  }

  /** A path for messages; made only when one is printed. */
  String path() {
    if (path == null) {
      path =
          directory == null
              ? check.paths.of(number)
              : Paths.join(directory.path(), new String(name, StandardCharsets.UTF_8));
    }
    return path;
  }

  /** As messages about a block of it name it. */
  @Override
  public String toString() {
    return "of inode " + number + ", " + path();
  }

  /** Type bits of its mode. */
  int type() {
    return table().type(number);
  }

  void type(int mode) {
    table().type(number, mode);
  }

  boolean isDirectory() {
    return type() == DIRECTORY;
  }

  /** The link count on the volume. */
  int linkCount() {
    return table().linkCount(number);
  }

  void linkCount(int value) {
    table().linkCount(number, value);
  }

  /** Whether a name was found that leads to it. */
  boolean isNamed() {
    return table().isNamed(number);
  }

  /** Counts a name that leads to it. */
  void addName() {
    table().named(number);
    if (!isDirectory()) {
      table().raiseCount(number);
    }
  }

  /** Counts a directory in this one. */
  void addSubdirectory() {
    table().raiseCount(number);
  }

  /** The directory that it was found in first; 0: none. */
  long parent() {
    return table().parent(number);
  }

  void parent(long parent) {
    table().parent(number, parent);
  }

  /** Named by an orphan directory, or one itself: link counts follow other rules. */
  boolean isSystem() {
    return table().isSystem(number);
  }

  void system() {
    table().system(number);
  }

  int expectedLinks() {
    return isDirectory() ? 2 + table().count(number) : table().count(number);
  }
}
