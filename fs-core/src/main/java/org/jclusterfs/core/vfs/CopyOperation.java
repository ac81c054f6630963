package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.core.alloc.NoSpaceException;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.inode.RangeCopy;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.dlm.LockMode;

/**
 * copy_file_range(2). Both files' locks are taken in the order of their numbers, for one step at a
 * time: a long copy keeps no other node waiting for longer than a write does. What another node
 * changes meanwhile in the source may be copied or not, as with any copy.
 */
final class CopyOperation {
  private final VolumeState volume;
  private final Privileges privileges;

  CopyOperation(VolumeState volume, Privileges privileges) {
    this.volume = volume;
    this.privileges = privileges;
  }

  /** What is to be copied; {@code from} and {@code to} are offsets in bytes. */
  record Ranges(OpenFile source, long from, OpenFile target, long to, long length) {
    Ranges {
      length = Math.min(length, FileContent.MAX_SIZE - Math.max(from, to));
    }

    boolean overlap() {
      return source.inode() == target.inode() && Math.abs(from - to) < length;
    }
  }

  /** Copies from the beginning of the ranges; returns how many bytes. */
  long copy(Ranges ranges, int flags, Cancellation cancellation)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    check(ranges);
    AtomicBoolean cancelled = new AtomicBoolean();
    cancellation.onCancel(() -> cancelled.set(true));
    RangeCopy copier = new RangeCopy(volume.content(), volume.space());
    long done = 0;
    long step = 1;
    // What the source gets meanwhile, perhaps from this copy itself, is not copied.
    long[] length = {ranges.length()};
    while (done < length[0] && step > 0 && (done == 0 || !cancelled.get())) {
      try {
        step = step(copier, ranges, flags, done, length);
      } catch (NoSpaceException e) {
        if (done == 0) {
          throw e;
        }
        step = 0;
      }
      done += step;
    }
    return done;
  }

  private static void check(Ranges ranges) throws FsException {
    if (ranges.from() < 0 || ranges.to() < 0) {
      throw new FsException(Failure.INVALID, "negative offset");
    }
    if (ranges.to() >= FileContent.MAX_SIZE) {
      throw new FsException(Failure.FILE_TOO_LARGE, "a file has at most 8 EiB");
    }
    if (ranges.overlap()) {
      throw new FsException(Failure.INVALID, "the ranges overlap");
    }
  }

  private long step(RangeCopy copier, Ranges ranges, int flags, long done, long[] length)
      throws FsException, IOException, LockUnavailableException {
    Inode source = OpenHandle.of(ranges.source()).node();
    Inode target = OpenHandle.of(ranges.target()).node();
    long from = ranges.from() + done;
    long to = ranges.to() + done;
    long copied;
    try (HeldInode first = hold(Math.min(source.number(), target.number()), target);
        HeldInode second =
            source == target ? null : hold(Math.max(source.number(), target.number()), target)) {
      requireRegular(first);
      requireRegular(second == null ? first : second);
      HeldInode held = first.number() == target.number() ? first : second;
      InodeFlags.requireWritable(held, ranges.target(), 0, false);
      if (done == 0) {
        privileges.drop(held, flags);
        HeldInode read = first.number() == source.number() ? first : second;
        length[0] = Math.min(length[0], InodeBlock.size(read.buffer()) - from);
        volume.accessTimes().read(volume, source.number(), read.buffer(), ranges.source().flags());
      }
      copied = length[0] <= 0 ? 0 : copier.step(source, from, target, to, length[0] - done);
      InodeFlags.commitWhereAsked(volume, held);
    }
    if (copied > 0 && target.kernelMayHavePages()) {
      // The lock is free again, so that reads that hold those pages can end.
      volume.kernel().caches().invalidateRange(target.number(), to, copied);
    }
    return copied;
  }

  private HeldInode hold(long number, Inode target)
      throws FsException, IOException, LockUnavailableException {
    return HeldInode.acquire(volume, number, number == target.number() ? LockMode.EX : LockMode.PR);
  }

  private static void requireRegular(HeldInode held) throws FsException {
    if (!FileTypes.isRegular(InodeBlock.mode(held.buffer()))) {
      throw new FsException(Failure.INVALID, "only regular files are copied");
    }
  }
}
