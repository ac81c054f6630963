package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.xattr.XattrStore;
import org.jclusterfs.dlm.LockMode;

/** Reads and changes attributes, and reads symbolic links. */
final class AttributeOperations {
  private static final int PERMISSIONS = 07777;

  private final VolumeState volume;
  private final XattrOperations xattrs;

  AttributeOperations(VolumeState volume, XattrOperations xattrs) {
    this.volume = volume;
    this.xattrs = xattrs;
  }

  void get(InodeId id, Reply<Attributes> reply)
      throws FsException, IOException, LockUnavailableException {
    try (HeldAttributes inode = HeldAttributes.acquireToLook(volume, id)) {
      reply.accept(inode.attributes());
      return;
    } catch (FsException e) {
      if (e.failure() != Failure.STALE) {
        throw e;
      }
    }
    try (HeldInode inode = HeldInode.acquireUnlessFreed(volume, id, LockMode.PR)) {
      reply.accept(inode.attributes());
    }
  }

  void set(InodeId id, AttributeChange change, Reply<Attributes> reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    try (HeldInode inode =
        change.size() == null
            ? HeldInode.acquireUnlessFreed(volume, id, LockMode.EX)
            : HeldInode.acquireToResize(volume, id)) {
      InodeFlags.requireChangeable(inode, change);
      if (change.ownedBy() != null && change.ownedBy() != InodeBlock.uid(inode.buffer())) {
        throw new FsException(
            Failure.NOT_PERMITTED, "inode " + id.number() + " is not that user's any more");
      }
      if (change.size() != null) {
        resize(inode, change.size());
      }
      if (change.size() != null || change.uid() != null || change.gid() != null) {
        xattrs.dropCapability(inode);
      }
      XattrStore.Change list =
          change.mode() == null ? null : Acls.changeMode(volume, inode, change.mode());
      try (Transaction tx = volume.transactions().begin(1 + (list == null ? 0 : list.credits()))) {
        apply(inode.modify(tx), change);
        if (list != null) {
          list.apply(tx, null); // as long as it was, so it needs no block
        }
        tx.complete();
      }
      InodeFlags.commitWhereAsked(volume, inode);
      reply.accept(inode.attributes());
    }
  }

  private void resize(HeldInode inode, long size)
      throws FsException, IOException, LockUnavailableException {
    if (inode.isDirectory()) {
      throw new FsException(Failure.IS_DIRECTORY, "a directory has no settable size");
    }
    if (!FileTypes.isRegular(InodeBlock.mode(inode.buffer())) || size < 0) {
      throw new FsException(Failure.INVALID, "only regular files have a settable size");
    }
    if (size > FileContent.MAX_SIZE) {
      throw new FsException(Failure.FILE_TOO_LARGE, "a file has at most 8 EiB");
    }
    volume.space().truncate(inode.inode(), size);
  }

  private void apply(ByteBuffer block, AttributeChange change) {
    Instant now = volume.clock().instant();
    int mode = InodeBlock.mode(block);
    if (change.mode() != null) {
      mode = mode & ~PERMISSIONS | change.mode() & PERMISSIONS;
    }
    if (change.uid() != null) {
      InodeBlock.uid(block, change.uid());
    }
    if (change.gid() != null) {
      InodeBlock.gid(block, change.gid());
    }
    if (change.clearSetId() && !FileTypes.isDirectory(mode)) {
      mode = FileTypes.withoutSetId(mode);
    }
    InodeBlock.mode(block, mode);
    if (change.accessTime() != null) {
      Timestamps.access(block, chosen(change.accessTime(), now));
    }
    if (change.modifyTime() != null) {
      Timestamps.modify(block, chosen(change.modifyTime(), now));
    }
    Timestamps.changed(block, now);
  }

  private static Instant chosen(Instant time, Instant now) {
    return time == AttributeChange.NOW ? now : time;
  }

  void readLink(InodeId id, Reply<byte[]> reply)
      throws FsException, IOException, LockUnavailableException {
    try (HeldInode inode = HeldInode.acquireUnlessFreed(volume, id, LockMode.PR)) {
      if ((InodeBlock.mode(inode.buffer()) & FileTypes.MASK) != FileTypes.SYMLINK) {
        throw new FsException(Failure.INVALID, "not a symbolic link");
      }
      volume.accessTimes().read(volume, id.number(), inode.buffer(), 0);
      byte[] target = new byte[(int) InodeBlock.size(inode.buffer())];
      volume
          .content()
          .read(
              inode.inode(),
              0,
              target.length,
              data -> {
                int at = 0;
                for (ByteBuffer piece : data) {
                  int n = piece.remaining();
                  piece.get(piece.position(), target, at, n);
                  at += n;
                }
              });
      reply.accept(target);
    }
  }
}
