package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.xattr.XattrStore;
import org.jclusterfs.dlm.LockMode;

/** Makes inodes and their first names. */
final class NewInodes {
  private static final int ATTEMPTS = 64;

  private final VolumeState volume;

  NewInodes(VolumeState volume) {
    this.volume = volume;
  }

  /** What a new inode is to be; {@code open}: its open lock is wanted too. */
  record Plan(
      int mode, int rdevMajor, int rdevMinor, byte[] symlinkTarget, Caller caller, boolean open) {

    /** Whether the target does not fit into the inode. */
    boolean longTarget() {
      return symlinkTarget != null && symlinkTarget.length > InodeBlock.BODY_LENGTH;
    }
  }

  /** A new inode held EX, and its open lock in PR where the plan wants it, else null. */
  record Made(HeldInode inode, LockHolder open) {}

  /**
   * Makes an inode and enters it in a directory, in one transaction.
   *
   * @param parent held EX; the name is not in it
   */
  Made make(HeldInode parent, byte[] name, Plan plan)
      throws IOException, LockUnavailableException, FsException {
    boolean directory = FileTypes.isDirectory(plan.mode());
    int nodes = parent.entries().requireRoomFor(name);
    Acls.Inherited inherited = Acls.inherit(volume, parent, plan.mode(), plan.caller().umask());
    int lists = XattrStore.blocksFor(inherited.attributes());
    int hint = directory ? volume.groups().spread() : parent.inode().region();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try (HeldGroup group =
          volume.groups().reserve(hint, 1 + nodes + lists + (plan.longTarget() ? 2 : 0))) {
        Inode inode = volume.inodes().get(group.peek());
        // Nobody should hold a lock of a number that is free, but somebody may ask about a stale
        // one. It is not waited for: who asks may wait for what this operation holds.
        LockHolder holder = volume.locks().tryAcquire(inode.lock(), LockMode.EX);
        LockHolder open = null;
        if (holder != null && plan.open()) {
          open = volume.locks().tryAcquire(inode.openLock(), LockMode.PR);
          if (open == null) {
            holder.close();
            holder = null;
          }
        }
        if (holder != null) {
          return new Made(enter(parent, name, plan, inherited, group, inode, holder, open), open);
        }
        group.skip(inode.number());
      }
    }
    throw new IOException(ATTEMPTS + " free inode numbers in a row are locked by other nodes");
  }

  private HeldInode enter(
      HeldInode parent,
      byte[] name,
      Plan plan,
      Acls.Inherited inherited,
      HeldGroup group,
      Inode inode,
      LockHolder holder,
      LockHolder open)
      throws IOException, FsException {
    boolean made = false;
    inode.drop();
    int lists = XattrStore.blocksFor(inherited.attributes());
    int credits =
        2
            + lists
            + parent.entries().blocksTouchedByInsert()
            + group.credits(3 + lists + parent.entries().nodesForInsert());
    try (Transaction tx = volume.transactions().begin(credits)) {
      long floor = group.takeInode(tx, inode.number());
      MetaBlock block =
          tx.create(inode.scope(), inode.number(), InodeBlock.MAGIC, inode.number(), floor);
      inode.created(block);
      fill(block.buffer(), plan, inherited.mode(), parent, floor);
      if (lists > 0) {
        new XattrStore(block, inode.scope(), volume.store())
            .planFirst(inherited.attributes())
            .apply(tx, group);
      }
      if (plan.longTarget()) {
        volume.content().startExtents(inode, tx, group, plan.symlinkTarget());
      }
      inode.changedIn(tx.sequence());
      int type = FileTypes.direntType(plan.mode());
      parent.entries().insert(tx, group, name, inode.number(), type);
      ByteBuffer directory = parent.modify(tx);
      Timestamps.modified(directory, volume.clock().instant());
      if (FileTypes.isDirectory(plan.mode())) {
        InodeBlock.linkCount(directory, InodeBlock.linkCount(directory) + 1);
      }
      tx.complete();
      made = true;
    } finally {
      if (!made) {
        holder.close();
        if (open != null) {
          open.close();
        }
      }
    }
    return HeldInode.of(volume, inode, holder);
  }

  private void fill(ByteBuffer block, Plan plan, int permitted, HeldInode parent, long generation) {
    int mode = permitted;
    int gid = plan.caller().gid();
    boolean directory = FileTypes.isDirectory(mode);
    if ((InodeBlock.mode(parent.buffer()) & FileTypes.SETGID) != 0) {
      gid = InodeBlock.gid(parent.buffer());
      if (directory) {
        mode |= FileTypes.SETGID;
      }
    }
    InodeBlock.generation(block, generation);
    InodeBlock.mode(block, mode);
    InodeBlock.linkCount(block, directory ? 2 : 1);
    InodeBlock.uid(block, plan.caller().uid());
    InodeBlock.gid(block, gid);
    InodeBlock.flags(block, InodeFlags.inherited(parent, mode));
    InodeBlock.rdevMajor(block, plan.rdevMajor());
    InodeBlock.rdevMinor(block, plan.rdevMinor());
    Timestamps.created(block, volume.clock().instant());
    if (directory) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_DIRECTORY);
      NodeHeader.initialise(block, NodeHeader.ROOT_BASE, 0);
      InodeBlock.size(block, block.capacity());
      InodeBlock.parent(block, parent.number());
    } else if (plan.symlinkTarget() != null) {
      byte[] target = plan.symlinkTarget();
      InodeBlock.size(block, target.length);
      if (!plan.longTarget()) {
        InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
        block.put(InodeBlock.BODY_OFFSET, target);
        InodeBlock.bodyLength(block, target.length);
      }
    } else if (FileTypes.isRegular(mode)) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
    }
  }
}
