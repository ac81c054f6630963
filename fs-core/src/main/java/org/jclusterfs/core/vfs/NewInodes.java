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
   * A free inode whose locks are held, and its group's with room for what goes with it. Closing
   * gives up what was not made.
   */
  static final class Free implements AutoCloseable {
    private final HeldGroup group;
    private final Inode inode;
    private LockHolder holder;
    private LockHolder open;

    private Free(HeldGroup group, Inode inode, LockHolder holder, LockHolder open) {
      this.group = group;
      this.inode = inode;
      this.holder = holder;
      this.open = open;
    }

    HeldGroup group() {
      return group;
    }

    long number() {
      return inode.number();
    }

    /** After the transaction: its locks are the caller's. */
    private Made made(VolumeState volume) throws IOException {
      LockHolder kept = holder;
      holder = null;
      Made made = new Made(HeldInode.of(volume, inode, kept), open);
      open = null;
      return made;
    }

    @Override
    public void close() {
      if (holder != null) {
        holder.close();
      }
      if (open != null) {
        open.close();
      }
      group.close();
    }
  }

  /**
   * Makes an inode and enters it in a directory, in one transaction.
   *
   * @param parent held EX; the name is not in it
   */
  Made make(HeldInode parent, byte[] name, Plan plan)
      throws IOException, LockUnavailableException, FsException {
    return make(parent, parent, name, plan);
  }

  /**
   * Makes a file without a name, in one transaction with its entry among the orphans.
   *
   * @param parent directory that it takes group and default list from
   * @param orphanage this node's orphan directory, held EX
   */
  Made makeUnnamed(HeldInode parent, HeldInode orphanage, Plan plan)
      throws IOException, LockUnavailableException, FsException {
    return make(parent, orphanage, null, plan);
  }

  private Made make(HeldInode parent, HeldInode home, byte[] name, Plan plan)
      throws IOException, LockUnavailableException, FsException {
    Acls.Inherited inherited = Acls.inherit(volume, parent, plan.mode(), plan.caller().umask());
    int lists = XattrStore.blocksFor(inherited.attributes());
    int nodes =
        name == null ? home.entries().nodesForInsert() : home.entries().requireRoomFor(name);
    int hint =
        FileTypes.isDirectory(plan.mode()) ? volume.groups().spread() : parent.inode().region();
    try (Free free = find(hint, 1 + nodes + lists + (plan.longTarget() ? 2 : 0), plan.open())) {
      byte[] entry = name;
      if (name == null) {
        entry = Orphans.nameOf(free.number());
        home.entries().requireRoomFor(entry);
      }
      int credits =
          2
              + lists
              + home.entries().blocksTouchedByInsert()
              + free.group.credits(3 + lists + nodes);
      try (Transaction tx = volume.transactions().begin(credits)) {
        ByteBuffer block = create(tx, free, parent, plan, inherited);
        home.entries()
            .insert(tx, free.group, entry, free.number(), FileTypes.direntType(plan.mode()));
        ByteBuffer directory = home.modify(tx);
        if (name == null) {
          InodeBlock.linkCount(block, 0);
          InodeBlock.orphanSlot(block, volume.slot() + 1);
        } else {
          Timestamps.modified(directory, volume.clock().instant());
          if (FileTypes.isDirectory(plan.mode())) {
            InodeBlock.linkCount(directory, InodeBlock.linkCount(directory) + 1);
          }
        }
        tx.complete();
      }
      return free.made(volume);
    }
  }

  /** Finds a free inode in a group that has {@code blocks} blocks, itself included. */
  Free find(int hint, int blocks, boolean toOpen) throws IOException, LockUnavailableException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      HeldGroup group = volume.groups().reserve(hint, blocks);
      LockHolder holder = null;
      try {
        Inode inode = volume.inodes().get(group.peek());
        // Nobody should hold a lock of a number that is free, but somebody may ask about a stale
        // one. It is not waited for: who asks may wait for what this operation holds.
        holder = volume.locks().tryAcquire(inode.lock(), LockMode.EX);
        LockHolder open = null;
        if (holder != null && toOpen) {
          open = volume.locks().tryAcquire(inode.openLock(), LockMode.PR);
          if (open == null) {
            holder.close();
            holder = null;
          }
        }
        if (holder != null) {
          return new Free(group, inode, holder, open);
        }
        group.skip(inode.number());
      } finally {
        if (holder == null) {
          group.close();
        }
      }
    }
    throw new IOException(ATTEMPTS + " free inode numbers in a row are locked by other nodes");
  }

  /** Part of a transaction: makes the inode itself; what names it, and its name, are not. */
  ByteBuffer create(
      Transaction tx, Free free, HeldInode parent, Plan plan, Acls.Inherited inherited)
      throws IOException {
    Inode inode = free.inode;
    inode.drop();
    inode.linkable(false);
    long floor = free.group.takeInode(tx, inode.number());
    MetaBlock block =
        tx.create(inode.scope(), inode.number(), InodeBlock.MAGIC, inode.number(), floor);
    inode.created(block);
    fill(block.buffer(), plan, inherited.mode(), parent, floor);
    if (!inherited.attributes().isEmpty()) {
      new XattrStore(block, inode.scope(), volume.store())
          .planFirst(inherited.attributes())
          .apply(tx, free.group);
    }
    if (plan.longTarget()) {
      volume.content().startExtents(inode, tx, free.group, plan.symlinkTarget());
    }
    inode.changedIn(tx.sequence());
    return block.buffer();
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
