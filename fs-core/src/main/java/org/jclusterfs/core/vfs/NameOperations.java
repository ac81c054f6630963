package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.dlm.LockMode;

/** Operations on names: lookup, make, link, unlink. Renaming has a class of its own. */
final class NameOperations {
  private static final int MAX_LINKS = 65_000;
  private static final int MAX_DIRECTORY_LINKS = Integer.MAX_VALUE;

  private final VolumeState volume;
  private final NewInodes newInodes;
  private final Orphans orphans;
  private final Reclaimer reclaimer;
  private final ChildPrefetch prefetch;

  NameOperations(VolumeState volume, Orphans orphans, Reclaimer reclaimer) {
    this.volume = volume;
    this.newInodes = new NewInodes(volume);
    this.orphans = orphans;
    this.reclaimer = reclaimer;
    this.prefetch = new ChildPrefetch(volume);
  }

  static void check(byte[] name) throws FsException {
    if (name.length > Vfs.NAME_MAX) {
      throw new FsException(Failure.NAME_TOO_LONG, "name of " + name.length + " bytes");
    }
    if (name.length == 0) {
      throw new FsException(Failure.NO_ENTRY, "empty name");
    }
  }

  static DirectoryTree.Entry existing(HeldInode parent, byte[] name)
      throws IOException, FsException {
    check(name);
    DirectoryTree.Entry entry = parent.entries().lookup(name);
    if (entry == null) {
      throw new FsException(Failure.NO_ENTRY, "no such name in directory " + parent.number());
    }
    return entry;
  }

  static void requireAlive(HeldInode directory) throws FsException {
    if (InodeBlock.linkCount(directory.buffer()) == 0) {
      throw new FsException(Failure.NO_ENTRY, "directory " + directory.number() + " was removed");
    }
  }

  void lookup(InodeId parentId, byte[] name, Reply<Attributes> reply)
      throws FsException, IOException, LockUnavailableException {
    try (HeldInode parent = HeldInode.acquirePinning(volume, parentId, LockMode.PR)) {
      DirectoryTree.Entry entry = existing(parent, name);
      prefetch.before(parent, entry);
      try (HeldAttributes inode = HeldAttributes.acquire(volume, InodeId.ofNumber(entry.inode()))) {
        inode.inode().lookups().incrementAndGet();
        inode.inode().foundIn(parent.number());
        reply.accept(inode.attributes());
      }
    }
  }

  void make(InodeId parentId, byte[] name, NewInodes.Plan plan, Reply<Attributes> reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    check(name);
    try (HeldInode parent = HeldInode.acquire(volume, parentId, LockMode.EX)) {
      requireAlive(parent);
      requireAbsent(parent, name);
      InodeFlags.requireMutable(parent);
      if (FileTypes.isDirectory(plan.mode())
          && InodeBlock.linkCount(parent.buffer()) == MAX_DIRECTORY_LINKS) {
        throw new FsException(Failure.TOO_MANY_LINKS, "too many subdirectories");
      }
      try (HeldInode made = newInodes.make(parent, name, plan).inode()) {
        InodeFlags.commitWhereAsked(volume, parent);
        made.inode().lookups().incrementAndGet();
        reply.accept(made.attributes());
      }
    }
  }

  private static void requireAbsent(HeldInode parent, byte[] name) throws IOException, FsException {
    if (parent.entries().lookup(name) != null) {
      throw new FsException(Failure.EXISTS, "the name is taken");
    }
  }

  ChildPrefetch prefetch() {
    return prefetch;
  }

  /** Makes a file without a name, opened; who closes it last frees it. */
  NewInodes.Made makeUnnamed(InodeId parentId, NewInodes.Plan plan)
      throws FsException, IOException, LockUnavailableException {
    try (HeldInode parent = HeldInode.acquire(volume, parentId, LockMode.PR)) {
      requireAlive(parent);
      InodeFlags.requireMutable(parent);
      try (HeldInode orphanage = orphans.naming(volume.slot())) {
        return newInodes.makeUnnamed(parent, orphanage, plan);
      }
    }
  }

  NewInodes newInodes() {
    return newInodes;
  }

  void link(InodeId id, InodeId parentId, byte[] name, Reply<Attributes> reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    check(name);
    try (HeldInode parent = HeldInode.acquire(volume, parentId, LockMode.EX);
        HeldInode inode = HeldInode.acquireUnlessFreed(volume, id, LockMode.EX, LockMode.EX)) {
      requireAlive(parent);
      requireAbsent(parent, name);
      InodeFlags.requireMutable(parent);
      InodeFlags.requireFree(inode);
      if (inode.isDirectory()) {
        throw new FsException(Failure.NOT_PERMITTED, "a directory has one name");
      }
      int links = InodeBlock.linkCount(inode.buffer());
      if (links == 0 && !inode.inode().linkable()) {
        throw new FsException(Failure.NO_ENTRY, "inode " + id.number() + " has no name left");
      }
      if (links >= MAX_LINKS) {
        throw new FsException(Failure.TOO_MANY_LINKS, links + " names");
      }
      enter(parent, name, inode, inode.orphanage());
      inode.inode().linkable(false);
      InodeFlags.commitWhereAsked(volume, parent);
      inode.inode().lookups().incrementAndGet();
      reply.accept(inode.attributes());
    }
  }

  /** One more name in one transaction, and, where it is the first, no orphan any more. */
  private void enter(HeldInode parent, byte[] name, HeldInode inode, HeldInode orphanage)
      throws FsException, IOException, LockUnavailableException {
    DirectoryTree entries = parent.entries();
    int nodes = entries.requireRoomFor(name);
    try (HeldGroup group = volume.groups().reserve(parent.inode().region(), nodes);
        Transaction tx =
            volume
                .transactions()
                .begin(
                    2
                        + entries.blocksTouchedByInsert()
                        + group.credits(nodes)
                        + (orphanage == null ? 0 : Orphans.credits(orphanage)))) {
      int type = FileTypes.direntType(InodeBlock.mode(inode.buffer()));
      entries.insert(tx, group, name, inode.number(), type);
      Instant now = volume.clock().instant();
      Timestamps.modified(parent.modify(tx), now);
      if (orphanage != null) {
        orphans.leave(tx, orphanage, inode);
      }
      ByteBuffer block = inode.modify(tx);
      InodeBlock.linkCount(block, InodeBlock.linkCount(block) + 1);
      Timestamps.changed(block, now);
      tx.complete();
    }
  }

  void remove(InodeId parentId, byte[] name, boolean directory, Reply<Void> reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    try (HeldInode parent = HeldInode.acquire(volume, parentId, LockMode.EX)) {
      DirectoryTree.Entry entry = existing(parent, name);
      try (HeldInode inode = HeldInode.acquire(volume, entry.inode(), LockMode.EX)) {
        InodeFlags.requireRemovable(parent, inode);
        requireRemovable(inode, directory);
        if (directory || InodeBlock.linkCount(inode.buffer()) == 1) {
          removeLast(parent, name, inode);
        } else {
          removeOneOfSeveral(parent, name, inode);
        }
        InodeFlags.commitWhereAsked(volume, parent);
        reply.accept(null);
      }
    }
  }

  static void requireRemovable(HeldInode inode, boolean directory) throws FsException, IOException {
    if (!directory && inode.isDirectory()) {
      throw new FsException(Failure.IS_DIRECTORY, "it is a directory");
    }
    if (directory && !inode.entries().isEmpty()) {
      throw new FsException(Failure.NOT_EMPTY, "the directory is not empty");
    }
  }

  private void removeOneOfSeveral(HeldInode parent, byte[] name, HeldInode inode)
      throws FsException, IOException {
    DirectoryTree entries = parent.entries();
    try (Transaction tx = volume.transactions().begin(2 + entries.blocksTouchedByInsert())) {
      entries.remove(tx, name);
      Instant now = volume.clock().instant();
      Timestamps.modified(parent.modify(tx), now);
      ByteBuffer block = inode.modify(tx);
      InodeBlock.linkCount(block, InodeBlock.linkCount(block) - 1);
      Timestamps.changed(block, now);
      tx.complete();
    }
  }

  private void removeLast(HeldInode parent, byte[] name, HeldInode inode)
      throws FsException, IOException, LockUnavailableException {
    DirectoryTree entries = parent.entries();
    try (HeldInode orphanage = orphans.roomFor(inode);
        HeldGroup group = reserveForOrphan(orphanage, inode);
        Transaction tx =
            volume
                .transactions()
                .begin(
                    2
                        + entries.blocksTouchedByInsert()
                        + Orphans.credits(orphanage)
                        + group.credits(Orphans.nodes(orphanage, inode)))) {
      entries.remove(tx, name);
      ByteBuffer directory = parent.modify(tx);
      Timestamps.modified(directory, volume.clock().instant());
      if (inode.isDirectory()) {
        InodeBlock.linkCount(directory, InodeBlock.linkCount(directory) - 1);
      }
      dropLastLink(tx, group, orphanage, inode);
      tx.complete();
    }
    reclaimer.enqueue(inode);
  }

  HeldGroup reserveForOrphan(HeldInode orphanage, HeldInode inode)
      throws FsException, IOException, LockUnavailableException {
    return volume.groups().reserveLast(orphanage.inode().region(), Orphans.nodes(orphanage, inode));
  }

  /** Part of a transaction: the inode loses its last name and becomes an orphan. */
  void dropLastLink(Transaction tx, HeldGroup group, HeldInode orphanage, HeldInode inode)
      throws FsException, IOException {
    orphans.enter(tx, group, orphanage, inode);
    ByteBuffer block = inode.modify(tx);
    InodeBlock.linkCount(block, 0);
    Timestamps.changed(block, volume.clock().instant());
  }
}
