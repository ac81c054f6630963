package org.jclusterfs.system;

import java.util.ArrayList;
import java.util.List;

/**
 * A system call on names that a worker of {@link NamespaceCampaign} has made, and what came of it.
 * As a line: its fields, separated by blanks.
 *
 * @param begun when the call began, by {@link System#nanoTime}, which all processes share here
 * @param ended when it returned
 * @param from the place it is about: a directory's number times {@link #NAMES}, and the name's
 * @param to the second place of a rename or link, else 0
 * @param errno 0 where it succeeded
 * @param inode number of the inode of a file made, opened or looked at; else 0
 * @param links its link count, of a look at a file; else 0
 * @param listed bits of the names found in a listing
 */
record NamespaceOperation(
    Kind kind,
    int from,
    int to,
    long begun,
    long ended,
    int errno,
    Type type,
    long inode,
    int links,
    int listed) {

  /** Directories in which names are. */
  static final int DIRECTORIES = 4;

  /** Names in each of them. */
  static final int NAMES = 6;

  /** What a name can stand for. */
  enum Type {
    NONE,
    FILE,
    DIRECTORY,
    LINK
  }

  /** The system calls. */
  enum Kind {
    /** open(2) with O_CREAT and O_EXCL. */
    CREATE(Type.FILE),
    /** open(2) with O_CREAT alone. */
    OPEN(Type.FILE),
    MKDIR(Type.DIRECTORY),
    SYMLINK(Type.LINK),
    UNLINK(null),
    RMDIR(null),
    RENAME(null),
    /** rename that replaces nothing. */
    NOREPLACE(null),
    /** rename that swaps two names. */
    EXCHANGE(null),
    LINK(null),
    STAT(null),
    LIST(null);

    /** What it makes, or null. */
    final Type makes;

    Kind(Type makes) {
      this.makes = makes;
    }

    boolean hasTwoPlaces() {
      return this == RENAME || this == NOREPLACE || this == EXCHANGE || this == LINK;
    }
  }

  static String directory(int place) {
    return "d" + place / NAMES;
  }

  static String name(int place) {
    return "n" + place % NAMES;
  }

  String encode() {
    List<Object> fields = new ArrayList<>(List.of(kind, from, to, begun, ended, errno));
    fields.addAll(List.of(type, inode, links, listed));
    return String.join(" ", fields.stream().map(Object::toString).toList());
  }

  static NamespaceOperation decode(String line) {
    String[] f = line.split(" ");
    return new NamespaceOperation(
        Kind.valueOf(f[0]),
        Integer.parseInt(f[1]),
        Integer.parseInt(f[2]),
        Long.parseLong(f[3]),
        Long.parseLong(f[4]),
        Integer.parseInt(f[5]),
        Type.valueOf(f[6]),
        Long.parseLong(f[7]),
        Integer.parseInt(f[8]),
        Integer.parseInt(f[9]));
  }

  /** For people, with times in µs since a beginning. */
  String describe(long since) {
    StringBuilder text = new StringBuilder();
    text.append(String.format("%10d to %10d µs ", (begun - since) / 1000, (ended - since) / 1000));
    text.append(kind.name().toLowerCase()).append(' ').append(directory(from));
    if (kind != Kind.LIST) {
      text.append('/').append(name(from));
    }
    if (kind.hasTwoPlaces()) {
      text.append(' ').append(directory(to)).append('/').append(name(to));
    }
    text.append(errno == 0 ? ": done" : ": errno " + errno);
    if (errno == 0 && kind == Kind.LIST) {
      text.append(", names ").append(Integer.toBinaryString(listed));
    } else if (type != Type.NONE) {
      text.append(", ").append(type.name().toLowerCase());
      text.append(inode == 0 ? "" : ", inode " + inode + " with " + links + " links");
    }
    return text.toString();
  }
}
