package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.InodeBlock;

/**
 * Finds the paths of inodes for messages, since none are remembered: by looking for their numbers
 * in the directories that they were found in, up to the root. Used by one thread.
 */
final class Paths {
  private static final int DEEPEST = 4096;

  /** Names looked at in all; after that, numbers have to do. */
  private static final long BUDGET = 20_000_000;

  private final Check check;
  private long looked;

  Paths(Check check) {
    this.check = check;
  }

  static String join(String directory, String name) {
    return directory.equals("/") ? "/" + name : directory + "/" + name;
  }

  /** The path of an inode that was found; "#number" stands for what is not known. */
  String of(long number) {
    StringBuilder path = new StringBuilder();
    long at = number;
    for (int depth = 0; depth < DEEPEST; depth++) {
      if (at == check.rootInode()) {
        return path.isEmpty() ? "/" : path.toString();
      }
      for (int slot = 0; slot < check.orphanDirectories.length; slot++) {
        if (at == check.orphanDirectories[slot]) {
          return "orphans of slot " + slot + path;
        }
      }
      long parent = check.inodes.contains(at) ? check.inodes.parent(at) : 0;
      path.insert(0, "/" + nameIn(parent, at));
      if (parent == 0) {
        break;
      }
      at = parent;
    }
    return "?" + path;
  }

  private String nameIn(long directory, long number) {
    String[] name = {"#" + number};
    if (directory == 0 || looked > BUDGET) {
      return name[0];
    }
    try {
      ByteBuffer block = check.store.readChecked(directory, InodeBlock.MAGIC).block();
      DirectoryNames.peek(
          check,
          directory,
          block,
          entry -> {
            looked++;
            if (entry.inode() == number) {
              name[0] = entry.text();
            }
          });
    } catch (IOException e) {
      // The message comes without a name; whoever needs the block fails, too.
      return name[0];
    }
    return name[0];
  }
}
