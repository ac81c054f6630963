package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jclusterfs.core.alloc.NoSpaceException;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryTree;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.dlm.LockMode;

/** Opens, reads, writes and syncs files. */
final class FileOperations {
  private final VolumeState volume;
  private final NameOperations names;
  private final Privileges privileges;
  private final Reclaimer reclaimer;

  FileOperations(
      VolumeState volume, NameOperations names, Privileges privileges, Reclaimer reclaimer) {
    this.volume = volume;
    this.names = names;
    this.privileges = privileges;
    this.reclaimer = reclaimer;
  }

  void open(InodeId id, int flags, Reply<OpenFile> reply)
      throws FsException, IOException, LockUnavailableException {
    Inode inode = HeldInode.find(volume, id.number());
    openFound(lockOpen(inode), id, flags, false, (attributes, file) -> reply.accept(file));
  }

  /** An inode to be opened, and its open lock in PR, which the open takes over. */
  private record Found(Inode inode, LockHolder open) {}

  /** The open lock comes before the inode's: whoever frees the inode holds the open lock first. */
  private Found lockOpen(Inode inode) throws LockUnavailableException {
    return new Found(inode, volume.locks().acquire(inode.openLock(), LockMode.PR));
  }

  private void openFound(
      Found found, InodeId id, int flags, boolean countLookup, Vfs.CreateReply reply)
      throws FsException, IOException, LockUnavailableException {
    boolean writes = OpenHandle.writes(flags);
    boolean truncates = (flags & OpenHandle.O_TRUNC) != 0;
    Inode inode = found.inode();
    countOpen(found);
    boolean counted = false;
    boolean answered = false;
    try {
      if (writes || truncates) {
        volume.requireWritable();
      }
      boolean exclusive = truncates || writes && inode.kernelMayHavePages();
      while (!answered) {
        try (HeldInode held =
            HeldInode.acquireUnlessFreed(volume, id, exclusive ? LockMode.EX : LockMode.PR)) {
          requireFit(held, flags, countLookup);
          // Pages that came under PR could be dirtied without a request from now on: on the way to
          // EX they are dropped, or they stay under EX.
          exclusive = true;
          counted = writes && inode.openedForWriting(held.isExclusive());
          if (counted || !writes) {
            answerOpened(held, flags, countLookup, reply);
            answered = true;
          }
        }
      }
    } finally {
      if (!answered) {
        uncountOpen(inode, counted);
      }
    }
  }

  private static void requireFit(HeldInode held, int flags, boolean countLookup)
      throws FsException, IOException {
    long number = held.number();
    if (countLookup && InodeBlock.linkCount(held.buffer()) == 0) {
      throw new FsException(Failure.STALE, "inode " + number + " lost the name looked for");
    }
    if (held.isDirectory() && (OpenHandle.writes(flags) || countLookup)) {
      throw new FsException(Failure.IS_DIRECTORY, "a directory cannot be written");
    }
    int mode = InodeBlock.mode(held.buffer());
    boolean link = (mode & FileTypes.MASK) == FileTypes.SYMLINK;
    if (countLookup && link && (flags & OpenHandle.O_NOFOLLOW) != 0) {
      throw new FsException(Failure.IS_SYMLINK, "inode " + number + " is a symbolic link");
    }
    if (countLookup && !FileTypes.isRegular(mode)) {
      // Made by another node since the kernel looked. It refuses a CREATE's answer that is no
      // regular file, and does not forget the lookup that it counted.
      throw new FsException(Failure.OTHER_TYPE, "inode " + number + " is no regular file");
    }
    InodeFlags.requireOpenable(held, flags);
  }

  private void answerOpened(HeldInode held, int flags, boolean countLookup, Vfs.CreateReply reply)
      throws FsException, IOException, LockUnavailableException {
    Inode inode = held.inode();
    boolean directory = held.isDirectory();
    if ((flags & OpenHandle.O_TRUNC) != 0 && !directory) {
      volume.space().truncate(inode, 0);
      privileges.drop(held, flags);
    }
    if (countLookup) {
      inode.lookups().incrementAndGet();
    }
    Inode foundIn = volume.inodes().peek(inode.foundIn());
    if (foundIn != null) {
      foundIn.openedChild();
    }
    boolean keepCache = !OpenHandle.writes(flags) && inode.writeOpens() == 0;
    reply.accept(held.attributes(), new OpenHandle(inode, flags, directory, keepCache));
  }

  private void countOpen(Found found) {
    if (!found.inode().opened(found.open())) {
      found.open().close();
    }
  }

  private void uncountOpen(Inode inode, boolean writes) {
    LockHolder last = inode.released(writes);
    if (last != null) {
      last.close();
      // Who came to free it may have met this open, and left it to its end.
      reclaimer.lastClosed(inode, -1);
    }
  }

  void create(
      InodeId parentId, byte[] name, int mode, int flags, Caller caller, Vfs.CreateReply reply)
      throws FsException, IOException, LockUnavailableException {
    NameOperations.check(name);
    while (true) {
      Found existing = makeOrFind(parentId, name, mode, flags, caller, reply);
      if (existing == null) {
        return;
      }
      try {
        openFound(existing, InodeId.ofNumber(existing.inode().number()), flags, true, reply);
        return;
      } catch (FsException e) {
        // Somebody unlinked it between the two looks: look again.
        if (e.failure() != Failure.STALE) {
          throw e;
        }
      }
    }
  }

  /** Makes the file and answers, or returns the one that is there. */
  private Found makeOrFind(
      InodeId parentId, byte[] name, int mode, int flags, Caller caller, Vfs.CreateReply reply)
      throws FsException, IOException, LockUnavailableException {
    Found found = findUnderShared(parentId, name, flags);
    if (found != null) {
      return found;
    }
    volume.requireWritable();
    try (HeldInode parent = HeldInode.acquire(volume, parentId, LockMode.EX)) {
      NameOperations.requireAlive(parent);
      DirectoryTree.Entry entry = parent.entries().lookup(name);
      if (entry != null) {
        return openable(entry, flags);
      }
      InodeFlags.requireMutable(parent);
      NewInodes.Plan plan = new NewInodes.Plan(mode, 0, 0, null, caller, true);
      NewInodes.Made result = names.newInodes().make(parent, name, plan);
      try (HeldInode made = result.inode()) {
        InodeFlags.commitWhereAsked(volume, parent);
        answerMade(made, result.open(), flags, reply);
        return null;
      }
    }
  }

  private static void answerMade(
      HeldInode made, LockHolder open, int flags, Vfs.CreateReply reply) {
    Inode inode = made.inode();
    if (!inode.opened(open)) {
      open.close();
    }
    if (OpenHandle.writes(flags)) {
      inode.openedForWriting(true);
    }
    inode.lookups().incrementAndGet();
    reply.accept(made.attributes(), new OpenHandle(inode, flags, false, false));
  }

  void createUnnamed(InodeId parentId, int mode, int flags, Caller caller, Vfs.CreateReply reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    NewInodes.Plan plan = new NewInodes.Plan(mode, 0, 0, null, caller, true);
    NewInodes.Made result = names.makeUnnamed(parentId, plan);
    try (HeldInode made = result.inode()) {
      made.inode().linkable((flags & OpenHandle.O_EXCL) == 0);
      answerMade(made, result.open(), flags, reply);
    }
  }

  /** A session file is opened with O_CREAT far more often than it is made: look in PR first. */
  private Found findUnderShared(InodeId parentId, byte[] name, int flags)
      throws FsException, IOException, LockUnavailableException {
    Inode parent = volume.inodes().peek(parentId.number());
    if (parent != null && volume.locks().cached(parent.lock()) == LockMode.EX) {
      return null;
    }
    try (HeldInode held = HeldInode.acquire(volume, parentId, LockMode.PR)) {
      DirectoryTree.Entry entry = held.entries().lookup(name);
      return entry == null ? null : openable(entry, flags);
    }
  }

  /**
   * The inode of a name whose directory is held. Its open lock is taken here, so that it is not
   * freed, and its number not used again, before it is opened.
   */
  private Found openable(DirectoryTree.Entry entry, int flags)
      throws FsException, LockUnavailableException {
    if ((flags & OpenHandle.O_EXCL) != 0) {
      throw new FsException(Failure.EXISTS, "the name is taken");
    }
    return lockOpen(HeldInode.find(volume, entry.inode()));
  }

  void read(OpenFile file, long offset, int size, boolean pinsPages, Reply<List<ByteBuffer>> reply)
      throws FsException, IOException, LockUnavailableException {
    if (!pinsPages) {
      try (HeldInode held = HeldInode.acquireToLook(volume, file.inode())) {
        read(held, file, offset, size, reply);
      }
      return;
    }
    Inode inode = OpenHandle.of(file).node();
    // While the node has the file open for writing, its pages enter the kernel only under EX.
    boolean exclusive = inode.writeOpens() > 0;
    for (boolean done = false; !done; exclusive = true) {
      LockMode mode = exclusive ? LockMode.EX : LockMode.PR;
      try (HeldInode held = HeldInode.acquirePinning(volume, inode.number(), mode)) {
        if (inode.givesPages(held.isExclusive())) {
          read(held, file, offset, size, reply);
          done = true;
        }
      }
    }
  }

  private void read(
      HeldInode held, OpenFile file, long offset, int size, Reply<List<ByteBuffer>> reply)
      throws FsException, IOException, LockUnavailableException {
    if (held.isDirectory()) {
      throw new FsException(Failure.IS_DIRECTORY, "a directory is listed, not read");
    }
    volume.accessTimes().read(volume, held.number(), held.buffer(), file.flags());
    volume.content().read(held.inode(), offset, size, reply::accept);
  }

  /** What one write is to do; {@code offset} is ignored where it appends. */
  record Piece(OpenFile file, long offset, ByteBuffer data, int flags, boolean writeBack) {
    boolean appends() {
      return !writeBack && (flags & OpenHandle.O_APPEND) != 0;
    }
  }

  /**
   * Writes and replies with the count.
   *
   * @param whole no short count where space runs out: it can be done again then. What was appended
   *     cannot be appended again
   * @throws NoSpaceException if there was no space for the first byte, or with {@code whole} for
   *     all
   */
  void write(Piece piece, boolean whole, Reply<Integer> reply)
      throws FsException, IOException, LockUnavailableException {
    volume.requireWritable();
    Inode inode = OpenHandle.of(piece.file()).node();
    boolean append = piece.appends();
    boolean writeBack = piece.writeBack();
    long at = piece.offset();
    int written;
    if (volume.locks().cached(inode.lock()) == LockMode.PR) {
      inode.changesAfterLook();
    }
    try (HeldInode held =
        writeBack
            ? HeldInode.acquirePinning(volume, inode.number(), LockMode.EX)
            : HeldInode.acquire(volume, inode.number(), LockMode.EX)) {
      InodeFlags.requireWritable(held, piece.file(), piece.flags(), writeBack);
      if (append) {
        at = InodeBlock.size(held.buffer());
      }
      ByteBuffer fitting = upToLargestSize(at, piece.data());
      if (!writeBack) {
        privileges.drop(held, piece.flags());
      }
      written = volume.content().write(inode, at, fitting, !writeBack);
      if (whole && !append && !writeBack && written < fitting.capacity()) {
        throw new NoSpaceException(1);
      }
      InodeFlags.commitWhereAsked(volume, held);
      if (!append || !inode.kernelMayHavePages()) {
        reply.accept(written);
        return;
      }
    }
    // The kernel drops the range that it believes was written; where the data really went is known
    // here only. The lock is free again, so that reads that hold those pages can end.
    volume.kernel().caches().invalidateRange(inode.number(), at, written);
    reply.accept(written);
  }

  /** A write goes as far as a file can. */
  private static ByteBuffer upToLargestSize(long at, ByteBuffer data) throws FsException {
    if (at < 0 || at >= FileContent.MAX_SIZE) {
      throw new FsException(Failure.FILE_TOO_LARGE, "a file has at most 8 EiB");
    }
    int length = (int) Math.min(data.remaining(), FileContent.MAX_SIZE - at);
    return data.slice(data.position(), length);
  }

  void flush(OpenFile file, long lockOwner) {
    volume.locks().ranges().releaseOwner(file.inode(), lockOwner);
  }

  void release(OpenFile file) throws IOException, LockUnavailableException {
    OpenHandle handle = OpenHandle.of(file);
    Inode inode = handle.node();
    LockHolder last = inode.released(OpenHandle.writes(handle.flags()));
    if (last != null) {
      inode.linkable(false);
      MetaBlock block = inode.cachedBlock();
      boolean orphan = block != null && InodeBlock.linkCount(block.buffer()) == 0;
      int slot = orphan ? InodeBlock.orphanSlot(block.buffer()) - 1 : -1;
      last.close();
      // Where another node unlinked it meanwhile, that node comes back for it.
      reclaimer.lastClosed(inode, slot);
    }
  }

  void sync(long number) throws IOException, LockUnavailableException {
    volume.accessTimes().writeNow(number);
    Inode inode = volume.inodes().peek(number);
    if (inode == null || inode.lastSequence() == 0) {
      return;
    }
    volume.transactions().journal().commit(inode.lastSequence());
    IOException late = inode.data().takeError();
    if (late != null) {
      throw late;
    }
  }
}
