package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.xattr.XattrStore;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * rename(2). A rename between two directories holds the volume's rename lock, under which the tree
 * of directories stands still: so an ancestor can be locked before its descendant, and no directory
 * moves into itself.
 */
final class RenameOperation {
  private static final LockName RENAME = new LockName(LockType.RENAME.code(), 0, 0);

  private static final int KNOWN_FLAGS =
      Vfs.RENAME_NOREPLACE | Vfs.RENAME_EXCHANGE | Vfs.RENAME_WHITEOUT;

  private final VolumeState volume;
  private final NameOperations names;
  private final Orphans orphans;
  private final Reclaimer reclaimer;

  RenameOperation(VolumeState volume, NameOperations names, Orphans orphans, Reclaimer reclaimer) {
    this.volume = volume;
    this.names = names;
    this.orphans = orphans;
    this.reclaimer = reclaimer;
  }

  void rename(
      InodeId parent,
      byte[] name,
      InodeId newParent,
      byte[] newName,
      int flags,
      Caller caller,
      Reply<Void> reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    NameOperations.check(name);
    NameOperations.check(newName);
    if ((flags & ~KNOWN_FLAGS) != 0
        || (flags & Vfs.RENAME_EXCHANGE) != 0 && flags != Vfs.RENAME_EXCHANGE) {
      throw new FsException(Failure.INVALID, "rename flags " + flags + " are not supported");
    }
    NewInodes.Plan whiteout =
        (flags & Vfs.RENAME_WHITEOUT) == 0
            ? null
            : new NewInodes.Plan(FileTypes.CHARACTER_DEVICE, 0, 0, null, caller, false);
    if (parent.number() == newParent.number()) {
      try (HeldInode both = HeldInode.acquire(volume, parent, LockMode.EX)) {
        both.require(newParent);
        move(new Names(both, name, Set.of(), both, newName, Set.of(), whiteout), flags);
        reply.accept(null);
      }
      return;
    }
    try (LockHolder topology = volume.locks().acquire(RENAME, LockMode.EX)) {
      Set<Long> aboveFrom = pathToRoot(parent);
      Set<Long> aboveTo = pathToRoot(newParent);
      boolean newFirst =
          aboveFrom.contains(newParent.number())
              || !aboveTo.contains(parent.number()) && newParent.number() < parent.number();
      try (HeldInode first = HeldInode.acquire(volume, newFirst ? newParent : parent, LockMode.EX);
          HeldInode second =
              HeldInode.acquire(volume, newFirst ? parent : newParent, LockMode.EX)) {
        HeldInode from = newFirst ? second : first;
        HeldInode to = newFirst ? first : second;
        move(new Names(from, name, aboveFrom, to, newName, aboveTo, whiteout), flags);
        reply.accept(null);
      }
    }
  }

  /** The directories from one up to the root, itself included; read before any is held. */
  private Set<Long> pathToRoot(InodeId directory)
      throws FsException, IOException, LockUnavailableException {
    Set<Long> path = new HashSet<>();
    InodeId at = directory;
    while (path.add(at.number()) && at.number() != volume.root()) {
      try (HeldInode held = HeldInode.acquire(volume, at, LockMode.PR)) {
        at = InodeId.ofNumber(InodeBlock.parent(held.buffer()));
      }
    }
    return path;
  }

  private record Names(
      HeldInode from,
      byte[] name,
      Set<Long> aboveFrom,
      HeldInode to,
      byte[] newName,
      Set<Long> aboveTo,
      NewInodes.Plan whiteout) {}

  private void move(Names names, int flags)
      throws FsException, IOException, LockUnavailableException {
    NameOperations.requireAlive(names.to);
    DirectoryTree.Entry source = NameOperations.existing(names.from, names.name);
    DirectoryTree.Entry target = names.to.entries().lookup(names.newName);
    boolean exchange = (flags & Vfs.RENAME_EXCHANGE) != 0;
    if (target == null && exchange) {
      throw new FsException(Failure.NO_ENTRY, "nothing to exchange with");
    }
    if (target != null && (flags & Vfs.RENAME_NOREPLACE) != 0) {
      throw new FsException(Failure.EXISTS, "the new name is taken");
    }
    if (target != null && target.inode() == source.inode()) {
      return;
    }
    if (source.inode() == names.to.number()) {
      throw new FsException(Failure.INVALID, "a directory cannot move into itself");
    }
    if (target != null && target.inode() == names.from.number()) {
      throw new FsException(
          exchange ? Failure.INVALID : Failure.NOT_EMPTY, "the new name is an ancestor");
    }
    if (names.aboveTo.contains(source.inode())
        || exchange && names.aboveFrom.contains(target.inode())) {
      throw new FsException(Failure.INVALID, "a directory cannot move below itself");
    }
    withChildren(names, source, target, exchange);
    InodeFlags.commitWhereAsked(volume, names.from, names.to);
  }

  private void withChildren(
      Names names, DirectoryTree.Entry source, DirectoryTree.Entry target, boolean exchange)
      throws FsException, IOException, LockUnavailableException {
    if (target == null) {
      try (HeldInode moved = HeldInode.acquire(volume, source.inode(), LockMode.EX)) {
        InodeFlags.requireRemovable(names.from, moved);
        InodeFlags.requireMutable(names.to);
        toNewName(names, moved);
      }
      return;
    }
    boolean targetFirst = target.inode() < source.inode();
    try (HeldInode first =
            HeldInode.acquire(volume, targetFirst ? target.inode() : source.inode(), LockMode.EX);
        HeldInode second =
            HeldInode.acquire(volume, targetFirst ? source.inode() : target.inode(), LockMode.EX)) {
      HeldInode moved = targetFirst ? second : first;
      HeldInode other = targetFirst ? first : second;
      InodeFlags.requireRemovable(names.from, moved);
      InodeFlags.requireRemovable(names.to, other);
      if (exchange) {
        exchange(names, moved, other);
      } else {
        replace(names, moved, other);
      }
    }
  }

  private void toNewName(Names names, HeldInode moved)
      throws FsException, IOException, LockUnavailableException {
    DirectoryTree to = names.to.entries();
    int nodes = to.requireRoomFor(names.newName);
    try (Room room = room(names, nodes);
        Transaction tx =
            volume
                .transactions()
                .begin(
                    3
                        + names.from.entries().blocksTouchedByInsert()
                        + to.blocksTouchedByInsert()
                        + room.credits(nodes))) {
      leaveOldName(tx, names, room);
      int type = FileTypes.direntType(InodeBlock.mode(moved.buffer()));
      to.insert(tx, room.group(), names.newName, moved.number(), type);
      finish(tx, names, moved, false);
      tx.complete();
    }
  }

  private void replace(Names names, HeldInode moved, HeldInode replaced)
      throws FsException, IOException, LockUnavailableException {
    requireReplaceable(moved, replaced);
    boolean last = replaced.isDirectory() || InodeBlock.linkCount(replaced.buffer()) == 1;
    DirectoryTree to = names.to.entries();
    try (HeldInode orphanage = last ? orphans.roomFor(replaced) : null;
        Room room = roomToReplace(names, orphanage, replaced);
        Transaction tx =
            volume
                .transactions()
                .begin(
                    4
                        + names.from.entries().blocksTouchedByInsert()
                        + to.blocksTouchedByInsert()
                        + room.credits(last ? Orphans.nodes(orphanage, replaced) : 0)
                        + (last ? Orphans.credits(orphanage) : 0))) {
      leaveOldName(tx, names, room);
      int type = FileTypes.direntType(InodeBlock.mode(moved.buffer()));
      to.replace(tx, names.newName, moved.number(), type);
      finish(tx, names, moved, replaced.isDirectory());
      if (last) {
        this.names.dropLastLink(tx, room.group(), orphanage, replaced);
      } else {
        ByteBuffer block = replaced.modify(tx);
        InodeBlock.linkCount(block, InodeBlock.linkCount(block) - 1);
        Timestamps.changed(block, volume.clock().instant());
      }
      tx.complete();
    }
    if (last) {
      reclaimer.enqueue(replaced);
    }
  }

  /** The group that gives the blocks of a rename, and the whiteout's inode where one is made. */
  private record Room(HeldGroup group, NewInodes.Free whiteout, Acls.Inherited inherited)
      implements AutoCloseable {

    static Room withoutWhiteout(HeldGroup group) {
      return new Room(group, null, null);
    }

    /** Journal credits of the group and the whiteout with its list. */
    int credits(int nodes) throws IOException {
      int others = whiteout == null ? 0 : 1 + XattrStore.blocksFor(inherited.attributes());
      return group == null ? 0 : others + group.credits(nodes + others);
    }

    @Override
    public void close() {
      if (whiteout != null) {
        whiteout.close();
      } else if (group != null) {
        group.close();
      }
    }
  }

  private Room room(Names names, int nodes)
      throws FsException, IOException, LockUnavailableException {
    int region = names.to.inode().region();
    if (names.whiteout == null) {
      // A name that changes within its directory may have what is kept back: it adds none.
      return Room.withoutWhiteout(
          names.from == names.to
              ? volume.groups().reserveLast(region, nodes)
              : volume.groups().reserve(region, nodes));
    }
    // As ext4 has it: a whiteout is a new inode like others, and gets a list of its directory's.
    Caller caller = names.whiteout.caller();
    Acls.Inherited inherited =
        Acls.inherit(volume, names.from, names.whiteout.mode(), caller.umask());
    int lists = XattrStore.blocksFor(inherited.attributes());
    NewInodes.Free free = this.names.newInodes().find(region, 1 + lists + nodes, false);
    return new Room(free.group(), free, inherited);
  }

  /** {@code orphanage}: where what is replaced is entered, or null. */
  private Room roomToReplace(Names names, HeldInode orphanage, HeldInode replaced)
      throws FsException, IOException, LockUnavailableException {
    if (names.whiteout != null) {
      return room(names, orphanage == null ? 0 : Orphans.nodes(orphanage, replaced));
    }
    return Room.withoutWhiteout(
        orphanage == null ? null : this.names.reserveForOrphan(orphanage, replaced));
  }

  /** The old name goes, or becomes the whiteout's. */
  private void leaveOldName(Transaction tx, Names names, Room room)
      throws FsException, IOException {
    DirectoryTree from = names.from.entries();
    if (room.whiteout == null) {
      from.remove(tx, names.name);
      return;
    }
    this.names.newInodes().create(tx, room.whiteout, names.from, names.whiteout, room.inherited);
    int type = FileTypes.direntType(names.whiteout.mode());
    from.replace(tx, names.name, room.whiteout.number(), type);
  }

  private static void requireReplaceable(HeldInode moved, HeldInode replaced)
      throws FsException, IOException {
    if (moved.isDirectory()) {
      if (!replaced.isDirectory()) {
        throw new FsException(Failure.NOT_DIRECTORY, "a directory cannot replace a file");
      }
      NameOperations.requireRemovable(replaced, true);
    } else if (replaced.isDirectory()) {
      throw new FsException(Failure.IS_DIRECTORY, "a file cannot replace a directory");
    }
  }

  /** Times and, for a directory, its parent and the parents' link counts. */
  private void finish(Transaction tx, Names names, HeldInode moved, boolean replacedDirectory) {
    Instant now = volume.clock().instant();
    ByteBuffer from = names.from.modify(tx);
    ByteBuffer to = names.to.modify(tx);
    Timestamps.modified(from, now);
    if (names.from != names.to) {
      Timestamps.modified(to, now);
    }
    Timestamps.changed(moved.modify(tx), now);
    if (moved.isDirectory()) {
      InodeBlock.linkCount(from, InodeBlock.linkCount(from) - 1);
      if (!replacedDirectory) {
        InodeBlock.linkCount(to, InodeBlock.linkCount(to) + 1);
      }
      InodeBlock.parent(moved.buffer(), names.to.number());
    }
  }

  private void exchange(Names names, HeldInode moved, HeldInode other)
      throws FsException, IOException {
    DirectoryTree from = names.from.entries();
    DirectoryTree to = names.to.entries();
    try (Transaction tx =
        volume
            .transactions()
            .begin(4 + from.blocksTouchedByInsert() + to.blocksTouchedByInsert())) {
      int movedType = FileTypes.direntType(InodeBlock.mode(moved.buffer()));
      int otherType = FileTypes.direntType(InodeBlock.mode(other.buffer()));
      to.replace(tx, names.newName, moved.number(), movedType);
      from.replace(tx, names.name, other.number(), otherType);
      Instant now = volume.clock().instant();
      ByteBuffer fromBlock = names.from.modify(tx);
      ByteBuffer toBlock = names.to.modify(tx);
      Timestamps.modified(fromBlock, now);
      Timestamps.modified(toBlock, now);
      int difference = (moved.isDirectory() ? 1 : 0) - (other.isDirectory() ? 1 : 0);
      InodeBlock.linkCount(fromBlock, InodeBlock.linkCount(fromBlock) - difference);
      InodeBlock.linkCount(toBlock, InodeBlock.linkCount(toBlock) + difference);
      for (HeldInode inode : Arrays.asList(moved, other)) {
        Timestamps.changed(inode.modify(tx), now);
      }
      if (moved.isDirectory()) {
        InodeBlock.parent(moved.buffer(), names.to.number());
      }
      if (other.isDirectory()) {
        InodeBlock.parent(other.buffer(), names.from.number());
      }
      tx.complete();
    }
  }
}
