package org.jclusterfs.mount.libfuse;

import java.time.Instant;
import jnr.ffi.Pointer;
import jnr.ffi.Struct;
import org.jclusterfs.core.vfs.AttributeChange;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.vfs.VolumeStatistics;
import org.jclusterfs.mount.protocol.Replies;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.Statvfs;
import ru.serce.jnrfuse.struct.Timespec;

/** Attributes, link targets and the volume. */
final class AttributeCallbacks {
  private static final int BLOCK_BYTES = 4096;
  private static final int PERMISSIONS = 07777;
  private static final int UNCHANGED = -1;
  private static final int UTIME_NOW = (1 << 30) - 1;
  private static final int UTIME_OMIT = (1 << 30) - 2;

  private final LibFuseSession session;
  private final Vfs vfs;

  AttributeCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    table.set(table.getattr, RawCallbacks.Path2.class, this::get);
    table.set(table.fgetattr, RawCallbacks.Path3.class, this::getOpen);
    table.set(table.chmod, RawCallbacks.PathInt.class, this::changeMode);
    table.set(table.chown, RawCallbacks.PathIntInt.class, this::changeOwner);
    table.set(table.truncate, RawCallbacks.PathOffset.class, this::truncate);
    table.set(table.ftruncate, RawCallbacks.PathOffsetFile.class, this::truncateOpen);
    table.set(table.utimens, RawCallbacks.Path2.class, this::setTimes);
    table.set(table.readlink, RawCallbacks.PathBuffer.class, this::readLink);
    table.set(table.statfs, RawCallbacks.Path2.class, this::statistics);
  }

  private int get(Pointer path, Pointer stat) {
    return session.serve(
        "getattr",
        () -> {
          try (PathWalk.Found found = session.find(path)) {
            if (found.attributes() != null) {
              fill(stat, found.attributes());
            } else {
              vfs.getAttributes(found.inode(), a -> fill(stat, a));
            }
            return 0;
          }
        });
  }

  private int getOpen(Pointer path, Pointer stat, Pointer file) {
    return session.serve(
        "fgetattr",
        () -> {
          vfs.getAttributes(InodeId.ofNumber(session.file(file).inode()), a -> fill(stat, a));
          return 0;
        });
  }

  /** Fills a struct stat that is all zero. */
  private static void fill(Pointer memory, Attributes a) {
    FileStat stat = FileStat.of(memory);
    stat.st_ino.set(a.inode());
    stat.st_mode.set(a.mode());
    stat.st_nlink.set(a.linkCount());
    stat.st_uid.set(a.uid());
    stat.st_gid.set(a.gid());
    stat.st_rdev.set(Replies.device(a.rdevMajor(), a.rdevMinor()) & 0xffffffffL);
    stat.st_size.set(a.size());
    stat.st_blksize.set(BLOCK_BYTES);
    stat.st_blocks.set(a.sectors());
    fill(stat.st_atim, a.accessTime());
    fill(stat.st_mtim, a.modifyTime());
    fill(stat.st_ctim, a.changeTime());
  }

  private static void fill(Timespec timespec, Instant time) {
    timespec.tv_sec.set(time.getEpochSecond());
    timespec.tv_nsec.set(time.getNano());
  }

  private int changeMode(Pointer path, int mode) {
    return change(
        "chmod",
        path,
        new AttributeChange(mode & PERMISSIONS, null, null, null, null, null, false));
  }

  private int changeOwner(Pointer path, int uid, int gid) {
    return change(
        "chown",
        path,
        new AttributeChange(
            null,
            uid == UNCHANGED ? null : (Integer) uid,
            gid == UNCHANGED ? null : (Integer) gid,
            null,
            null,
            null,
            false));
  }

  private int truncate(Pointer path, long size) {
    return change("truncate", path, toSize(size));
  }

  private int truncateOpen(Pointer path, long size, Pointer file) {
    return session.serve(
        "ftruncate",
        () -> {
          vfs.setAttributes(InodeId.ofNumber(session.file(file).inode()), toSize(size), a -> {});
          return 0;
        });
  }

  private static AttributeChange toSize(long size) {
    return new AttributeChange(null, null, null, size, null, null, false);
  }

  private int setTimes(Pointer path, Pointer times) {
    Timespec access = Timespec.of(times);
    Timespec modify = Timespec.of(times.slice(Struct.size(access)));
    return change(
        "utimens",
        path,
        new AttributeChange(null, null, null, null, instant(access), instant(modify), false));
  }

  private static Instant instant(Timespec time) {
    return switch (time.tv_nsec.intValue()) {
      case UTIME_NOW -> AttributeChange.NOW;
      case UTIME_OMIT -> null;
      default -> Instant.ofEpochSecond(time.tv_sec.longValue(), time.tv_nsec.longValue());
    };
  }

  private int change(String name, Pointer path, AttributeChange change) {
    return session.serve(
        name,
        () -> {
          try (PathWalk.Found found = session.find(path)) {
            vfs.setAttributes(found.inode(), change, a -> {});
            return 0;
          }
        });
  }

  private int readLink(Pointer path, Pointer buffer, long size) {
    return session.serve(
        "readlink",
        () -> {
          try (PathWalk.Found found = session.find(path)) {
            vfs.readLink(
                found.inode(),
                target -> {
                  int length = (int) Math.min(target.length, size - 1);
                  buffer.put(0, target, 0, length);
                  buffer.putByte(length, (byte) 0);
                });
            return 0;
          }
        });
  }

  private int statistics(Pointer path, Pointer memory) {
    return session.serve("statfs", () -> statistics(memory));
  }

  private int statistics(Pointer memory) throws FsException {
    VolumeStatistics figures = vfs.statistics();
    Statvfs stat = Statvfs.of(memory);
    stat.f_bsize.set(figures.blockSize());
    stat.f_frsize.set(figures.blockSize());
    stat.f_blocks.set(figures.totalBlocks());
    stat.f_bfree.set(figures.freeBlocks());
    stat.f_bavail.set(figures.availableBlocks());
    stat.f_files.set(figures.inodes());
    stat.f_ffree.set(figures.freeInodes());
    stat.f_favail.set(figures.freeInodes());
    stat.f_namemax.set(Vfs.NAME_MAX);
    return 0;
  }
}
