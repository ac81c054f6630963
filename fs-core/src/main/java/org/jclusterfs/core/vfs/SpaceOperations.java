package org.jclusterfs.core.vfs;

import java.io.IOException;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.dlm.LockMode;

/** What space files have: fallocate(2), and lseek(2) for holes and data. */
final class SpaceOperations {
  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;
  private static final int ZERO_RANGE = 16;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private final VolumeState volume;
  private final Privileges privileges;

  SpaceOperations(VolumeState volume, Privileges privileges) {
    this.volume = volume;
    this.privileges = privileges;
  }

  void allocate(OpenFile file, int flags, long offset, long length)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    if (offset < 0 || length <= 0) {
      throw new FsException(Failure.INVALID, "empty or negative range");
    }
    int mode = flags & ~Vfs.CLEAR_SETID;
    int kind = mode & ~KEEP_SIZE;
    boolean keepSize = (mode & KEEP_SIZE) != 0;
    if (kind != 0 && kind != ZERO_RANGE && (kind != PUNCH_HOLE || !keepSize)) {
      throw new FsException(Failure.NOT_SUPPORTED, "fallocate mode " + mode);
    }
    if (length > FileContent.MAX_SIZE - offset) {
      throw new FsException(Failure.FILE_TOO_LARGE, "a file has at most 8 EiB");
    }
    Inode inode = OpenHandle.of(file).node();
    try (HeldInode held = HeldInode.acquire(volume, inode.number(), LockMode.EX)) {
      if (!FileTypes.isRegular(InodeBlock.mode(held.buffer()))) {
        throw new FsException(Failure.NOT_SUPPORTED, "only regular files are preallocated");
      }
      InodeFlags.requireAllocatable(held, kind == 0);
      privileges.drop(held, flags);
      switch (kind) {
        case PUNCH_HOLE -> volume.space().punch(inode, offset, length);
        case ZERO_RANGE -> volume.space().zero(inode, offset, length, keepSize);
        default -> volume.space().allocate(inode, offset, length, keepSize);
      }
      volume.space().touch(inode);
      InodeFlags.commitWhereAsked(volume, held);
    }
    if (inode.kernelMayHavePages()) {
      volume.kernel().caches().invalidateRange(inode.number(), offset, length);
    }
  }

  long seek(OpenFile file, long offset, int whence)
      throws FsException, IOException, LockUnavailableException {
    if (whence != SEEK_DATA && whence != SEEK_HOLE) {
      throw new FsException(Failure.INVALID, "whence " + whence);
    }
    Inode inode = OpenHandle.of(file).node();
    if (inode.kernelMayHavePages() && inode.writeOpens() > 0) {
      // What a mapping stored into a hole is data, and the kernel asks before it has written it.
      volume.kernel().caches().invalidateInode(inode.number(), false);
    }
    try (HeldInode held = HeldInode.acquire(volume, inode.number(), LockMode.PR)) {
      long found = volume.space().seek(held.inode(), offset, whence == SEEK_DATA);
      if (found < 0) {
        throw new FsException(Failure.NO_SUCH_OFFSET, "nothing behind offset " + offset);
      }
      return found;
    }
  }
}
