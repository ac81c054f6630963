package org.jclusterfs.core.vfs;

import java.nio.ByteBuffer;
import java.time.Instant;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Timestamps;

/** The type bits of st_mode, and an inode block as attributes. */
final class FileTypes {
  static final int MASK = 0170000;
  static final int CHARACTER_DEVICE = 0020000;
  static final int DIRECTORY = 0040000;
  static final int REGULAR = 0100000;
  static final int SYMLINK = 0120000;
  static final int SETGID = 02000;
  static final int SETUID = 04000;
  static final int GROUP_EXECUTE = 010;

  private static final int SECTORS_PER_BLOCK = 8;

  private FileTypes() {}

  static boolean isDirectory(int mode) {
    return (mode & MASK) == DIRECTORY;
  }

  static boolean isRegular(int mode) {
    return (mode & MASK) == REGULAR;
  }

  /** d_type value of readdir(3). */
  static int direntType(int mode) {
    return (mode & MASK) >> 12;
  }

  static Attributes attributes(long number, ByteBuffer inode, Instant accessTime) {
    return new Attributes(
        number,
        InodeBlock.generation(inode),
        InodeBlock.mode(inode),
        InodeBlock.linkCount(inode),
        InodeBlock.uid(inode),
        InodeBlock.gid(inode),
        InodeBlock.rdevMajor(inode),
        InodeBlock.rdevMinor(inode),
        InodeBlock.size(inode),
        (InodeBlock.blocks(inode)) * SECTORS_PER_BLOCK,
        accessTime,
        Timestamps.modify(inode),
        Timestamps.change(inode),
        Timestamps.birth(inode),
        InodeBlock.flags(inode),
        true);
  }

  /** Clears set-id bits as a write or chown by somebody without the right does. */
  static int withoutSetId(int mode) {
    int cleared = mode & ~SETUID;
    return (mode & GROUP_EXECUTE) != 0 ? cleared & ~SETGID : cleared;
  }
}
