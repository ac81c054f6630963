package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;
import org.jclusterfs.core.alloc.NoSpaceException;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.cluster.RangeLocks;
import org.jclusterfs.core.inode.Inode;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.core.txn.MetaStore;

/** The filesystem: hands each operation to the class that does it. */
final class FileSystem implements Vfs {
  private static final int SYMLINK_MODE = FileTypes.SYMLINK | 0777;
  private static final int LONGEST_TARGET = 4095;

  private static final long REST_MILLIS = 3_000;

  /** Each one waits for an inode to be freed. */
  private static final int MOST_RETRIES = 100;

  private final VolumeState volume;
  private final Reclaimer reclaimer;
  private final NameOperations names;
  private final RenameOperation renames;
  private final FileOperations files;
  private final TrimOperation trims;
  private final SpaceOperations space;
  private final CopyOperation copies;
  private final AttributeOperations attributes;
  private final XattrOperations xattrs;
  private final LockOperations flocks;
  private final Listing listing;
  private final Closing closing;
  private final PendingSpace pendingSpace;
  private final Failures failures;
  private final int thresholdMillis;
  private final Supplier<MountStatus> status;
  private final Remounting remounting;

  /** The locks below, for tests that count what they send. */
  ClusterLocks locks() {
    return volume.locks();
  }

  /** What ends a mount after its operations have ended. */
  @FunctionalInterface
  interface Closing {
    void close() throws FsException;
  }

  /** Changes between reading and writing. */
  @FunctionalInterface
  interface Remounting {
    void setReadOnly(boolean readOnly) throws IOException;
  }

  FileSystem(
      VolumeState volume,
      Orphans orphans,
      Reclaimer reclaimer,
      Failures failures,
      int thresholdMillis,
      Supplier<MountStatus> status,
      Remounting remounting,
      Closing closing) {
    this.remounting = remounting;
    this.status = status;
    this.thresholdMillis = thresholdMillis;
    this.volume = volume;
    this.reclaimer = reclaimer;
    this.names = new NameOperations(volume, orphans, reclaimer);
    this.renames = new RenameOperation(volume, names, orphans, reclaimer);
    this.xattrs = new XattrOperations(volume);
    Privileges privileges = new Privileges(volume, xattrs);
    this.files = new FileOperations(volume, names, privileges, reclaimer);
    this.trims = new TrimOperation(volume);
    this.space = new SpaceOperations(volume, privileges);
    this.copies = new CopyOperation(volume, privileges);
    this.attributes = new AttributeOperations(volume, xattrs);
    this.flocks = new LockOperations(volume);
    this.listing = new Listing(volume, names.prefetch());
    this.pendingSpace = new PendingSpace(volume, reclaimer);
    this.failures = failures;
    this.closing = closing;
  }

  /**
   * Runs what may find no space: then what is about to be freed is waited for, and it is run again.
   * It has changed nothing by then, or what it did is right and need not be done again.
   */
  private void withSpace(Failures.Action action)
      throws FsException, IOException, LockUnavailableException {
    for (int retries = 0; ; retries++) {
      try {
        action.run();
        return;
      } catch (NoSpaceException e) {
        if (retries == MOST_RETRIES || !pendingSpace.awaitSome()) {
          throw e;
        }
      }
    }
  }

  private void runWithSpace(Failures.Action action) throws FsException {
    failures.run(() -> withSpace(action));
  }

  /** Does at once what the background does of itself while nobody changes anything. */
  void comeToRest() throws IOException {
    reclaimer.drain(REST_MILLIS);
    volume.transactions().journal().writeBackAll();
  }

  /** Takes what is cached of inodes out of memory, as is done when there are many. */
  void sweep() {
    volume.inodes().sweep(volume.locks(), volume.transactions());
  }

  @Override
  public long root() {
    return volume.root();
  }

  @Override
  public MountStatus status() {
    return status.get();
  }

  @Override
  public void attach(KernelCaches caches) {
    volume.kernel().connect(caches);
  }

  @Override
  public void lookup(InodeId parent, byte[] name, Reply<Attributes> reply) throws FsException {
    failures.run(() -> names.lookup(parent, name, reply));
  }

  @Override
  public void forget(long inode, long references) {
    Inode known = volume.inodes().peek(inode);
    if (known != null) {
      known.lookups().addAndGet(-references);
    }
  }

  @Override
  public void getAttributes(InodeId inode, Reply<Attributes> reply) throws FsException {
    failures.run(() -> attributes.get(inode, reply));
  }

  @Override
  public void setAttributes(InodeId inode, AttributeChange change, Reply<Attributes> reply)
      throws FsException {
    runWithSpace(() -> attributes.set(inode, change, reply));
  }

  @Override
  public void readLink(InodeId inode, Reply<byte[]> reply) throws FsException {
    failures.run(() -> attributes.readLink(inode, reply));
  }

  @Override
  public void makeNode(
      InodeId parent,
      byte[] name,
      int mode,
      int rdevMajor,
      int rdevMinor,
      Caller caller,
      Reply<Attributes> reply)
      throws FsException {
    NewInodes.Plan plan = new NewInodes.Plan(mode, rdevMajor, rdevMinor, null, caller, false);
    runWithSpace(() -> names.make(parent, name, plan, reply));
  }

  @Override
  public void makeSymlink(
      InodeId parent, byte[] name, byte[] target, Caller caller, Reply<Attributes> reply)
      throws FsException {
    if (target.length > LONGEST_TARGET) {
      throw new FsException(
          FsException.Failure.NAME_TOO_LONG,
          "a symbolic link's target has at most " + LONGEST_TARGET + " bytes");
    }
    Caller unmasked = new Caller(caller.uid(), caller.gid(), 0);
    NewInodes.Plan plan = new NewInodes.Plan(SYMLINK_MODE, 0, 0, target.clone(), unmasked, false);
    runWithSpace(() -> names.make(parent, name, plan, reply));
  }

  @Override
  public void link(InodeId inode, InodeId newParent, byte[] newName, Reply<Attributes> reply)
      throws FsException {
    runWithSpace(() -> names.link(inode, newParent, newName, reply));
  }

  @Override
  public void unlink(InodeId parent, byte[] name, Reply<Void> reply) throws FsException {
    runWithSpace(() -> names.remove(parent, name, false, reply));
  }

  @Override
  public void removeDirectory(InodeId parent, byte[] name, Reply<Void> reply) throws FsException {
    runWithSpace(() -> names.remove(parent, name, true, reply));
  }

  @Override
  public void rename(
      InodeId parent,
      byte[] name,
      InodeId newParent,
      byte[] newName,
      int flags,
      Caller caller,
      Reply<Void> reply)
      throws FsException {
    runWithSpace(() -> renames.rename(parent, name, newParent, newName, flags, caller, reply));
  }

  @Override
  public void open(InodeId inode, int flags, Reply<OpenFile> reply) throws FsException {
    failures.run(() -> files.open(inode, flags, reply));
  }

  @Override
  public void create(
      InodeId parent, byte[] name, int mode, int flags, Caller caller, CreateReply reply)
      throws FsException {
    int regular = (mode & FileTypes.MASK) == 0 ? mode | FileTypes.REGULAR : mode;
    runWithSpace(() -> files.create(parent, name, regular, flags, caller, reply));
  }

  @Override
  public void createUnnamed(InodeId parent, int mode, int flags, Caller caller, CreateReply reply)
      throws FsException {
    int regular = mode & ~FileTypes.MASK | FileTypes.REGULAR;
    runWithSpace(() -> files.createUnnamed(parent, regular, flags, caller, reply));
  }

  @Override
  public void read(
      OpenFile file, long offset, int size, boolean pinsPages, Reply<List<ByteBuffer>> reply)
      throws FsException {
    failures.run(() -> files.read(file, offset, size, pinsPages, reply));
  }

  @Override
  public void write(
      OpenFile file,
      long offset,
      ByteBuffer data,
      int flags,
      boolean writeBack,
      Reply<Integer> reply)
      throws FsException {
    FileOperations.Piece piece = new FileOperations.Piece(file, offset, data, flags, writeBack);
    failures.run(
        () -> {
          try {
            withSpace(() -> files.write(piece, true, reply));
          } catch (NoSpaceException e) {
            files.write(piece, false, reply);
          }
        });
  }

  @Override
  public void flush(OpenFile file, long lockOwner) throws FsException {
    failures.run(() -> files.flush(file, lockOwner));
  }

  @Override
  public void release(OpenFile file, long flockOwner) throws FsException {
    failures.run(
        () -> {
          flocks.release(file);
          files.release(file);
        });
  }

  @Override
  public void sync(long inode, boolean dataOnly) throws FsException {
    failures.run(() -> files.sync(inode));
  }

  @Override
  public void readDirectory(
      OpenFile directory, long cookie, boolean withAttributes, DirectorySink sink)
      throws FsException {
    failures.run(() -> listing.list(directory, cookie, withAttributes, sink));
  }

  @Override
  public VolumeStatistics statistics() throws FsException {
    return failures.call(
        () -> {
          long total = volume.groups().totalBlocks();
          ResourceGroups.Free free = volume.groups().freeBlocks();
          long pending = reclaimer.pendingBlocks();
          long all = Math.min(total, free.all() + pending);
          long available = Math.min(all, free.available() + pending);
          return new VolumeStatistics(
              MetaStore.BLOCK_SIZE, total, all, available, total, available);
        });
  }

  @Override
  public void getXattr(InodeId inode, byte[] name, Reply<byte[]> reply) throws FsException {
    failures.run(() -> xattrs.get(inode, name, reply));
  }

  @Override
  public void setXattr(InodeId inode, byte[] name, byte[] value, int flags) throws FsException {
    runWithSpace(() -> xattrs.set(inode, name, value, flags));
  }

  @Override
  public void listXattrs(InodeId inode, Reply<List<byte[]>> reply) throws FsException {
    failures.run(() -> xattrs.list(inode, reply));
  }

  @Override
  public void removeXattr(InodeId inode, byte[] name) throws FsException {
    runWithSpace(() -> xattrs.remove(inode, name));
  }

  @Override
  public void setFlags(InodeId inode, int mask, int flags) throws FsException {
    failures.run(() -> InodeFlags.set(volume, inode, mask, flags));
  }

  @Override
  public void allocate(OpenFile file, int mode, long offset, long length) throws FsException {
    runWithSpace(() -> space.allocate(file, mode, offset, length));
  }

  @Override
  public long seek(OpenFile file, long offset, int whence) throws FsException {
    return failures.call(() -> space.seek(file, offset, whence));
  }

  @Override
  public long copyRange(
      OpenFile source,
      long from,
      OpenFile target,
      long to,
      long length,
      int flags,
      Cancellation cancellation)
      throws FsException {
    CopyOperation.Ranges ranges = new CopyOperation.Ranges(source, from, target, to, length);
    long[] copied = {0};
    runWithSpace(() -> copied[0] = copies.copy(ranges, flags, cancellation));
    return copied[0];
  }

  @Override
  public long trim(long start, long length, long minimum, Cancellation cancellation)
      throws FsException {
    return failures.call(() -> trims.trim(start, length, minimum, cancellation));
  }

  @Override
  public boolean lockRange(
      OpenFile file, RangeLocks.Range range, boolean wait, Cancellation cancellation)
      throws FsException {
    return failures.call(
        () -> volume.locks().ranges().lock(file.inode(), range, wait, cancellation));
  }

  @Override
  public void unlockRange(OpenFile file, long owner, long start, long end) throws FsException {
    failures.run(() -> volume.locks().ranges().unlock(file.inode(), owner, start, end));
  }

  @Override
  public RangeLocks.Range testRange(OpenFile file, RangeLocks.Range range) throws FsException {
    return failures.call(() -> volume.locks().ranges().test(file.inode(), range));
  }

  @Override
  public boolean flock(
      OpenFile file, long owner, FlockMode mode, boolean wait, Cancellation cancellation)
      throws FsException {
    return failures.call(() -> flocks.flock(file, owner, mode, wait, cancellation));
  }

  @Override
  public void setReadOnly(boolean readOnly) throws FsException {
    failures.run(() -> remounting.setReadOnly(readOnly));
  }

  @Override
  public void setAccessPolicy(AccessPolicy policy) {
    volume.accessTimes().obey(policy, volume);
  }

  @Override
  public int thresholdMillis() {
    return thresholdMillis;
  }

  @Override
  public void close() throws FsException {
    flocks.close();
    closing.close();
  }
}
