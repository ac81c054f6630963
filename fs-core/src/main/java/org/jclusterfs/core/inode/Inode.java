package org.jclusterfs.core.inode;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jclusterfs.core.cluster.LockHolder;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.dlm.LockName;

/**
 * One inode as this node knows it. What is cached here is right while the node holds the inode's
 * cluster lock; fields of opens and references are the node's own.
 */
public final class Inode {
  private final long number;
  private final LockScope scope;
  private final FileCache data;
  private final AtomicLong lookups = new AtomicLong();
  private final AtomicInteger pins = new AtomicInteger();
  private volatile MetaBlock block;
  private volatile boolean mayBeDirectory = true;
  private volatile boolean modified;
  private volatile boolean kernelMayHavePages;
  private volatile long lastSequence;
  private volatile boolean listed;
  private volatile boolean linkable;
  private volatile boolean changeFollowsLook;
  private volatile long lookedAt;
  private volatile long foundIn;
  private final AtomicInteger unknownChildren = new AtomicInteger();

  private int opens;
  private int writeOpens;
  private LockHolder openHolder;

  Inode(long number, int region, DataCache memory, BlockDevice device) {
    this.number = number;
    this.scope = new LockScope(LockScope.inodeLock(number, region));
    this.data = new FileCache(memory, device);
  }

  /** The inode's number. */
  public long number() {
    return number;
  }

  /** Region of all of its locks: the resource group that it lies in. */
  public int region() {
    return scope.name().region();
  }

  /** The lock over the inode and everything below it. */
  public LockName lock() {
    return scope.name();
  }

  /** The lock that tells that some node has it open. */
  public LockName openLock() {
    return new LockName(LockType.OPEN.code(), region(), number);
  }

  /** The lock of flock(2). */
  public LockName flockLock() {
    return new LockName(LockType.FLOCK.code(), region(), number);
  }

  /** Blocks cached under the inode's lock. */
  public LockScope scope() {
    return scope;
  }

  /** Cached file data. */
  public FileCache data() {
    return data;
  }

  /**
   * The inode's own block; read from the device where it is not cached. Needs the lock.
   *
   * @throws IOException if there is no (valid) inode at this number
   */
  public MetaBlock block(MetaStore store) throws IOException {
    MetaBlock cached = block;
    if (cached == null) {
      cached = store.read(scope, number, InodeBlock.MAGIC);
      block = cached;
    }
    return cached;
  }

  /** The inode's block if it is in memory, else null. */
  public MetaBlock cachedBlock() {
    return block;
  }

  /** Installs the block of an inode just made. */
  public void created(MetaBlock fresh) {
    block = fresh;
  }

  /** Forgets the block, which nothing was done with. */
  public void forgetBlock() {
    block = null;
    scope.clear();
  }

  /**
   * Notes what it is, whenever that was looked at: it does not change as long as this node has the
   * lock, whether the block is in memory or not.
   */
  public void seenAs(boolean directory) {
    if (mayBeDirectory != directory) {
      mayBeDirectory = directory;
    }
  }

  /** Whether it is a directory, or was never looked at. */
  public boolean mayBeDirectory() {
    return mayBeDirectory;
  }

  /** Whether the last use changed something: a demotion may wait a little for the next. */
  public boolean modified() {
    return modified;
  }

  /** Notes what the use that now ends did. */
  public void modified(boolean changed) {
    modified = changed;
  }

  /** Sequence of the last transaction that changed this inode: what fsync commits. */
  public long lastSequence() {
    return lastSequence;
  }

  /** Notes the transaction that changed this inode. */
  public void changedIn(long sequence) {
    lastSequence = sequence;
    modified = true;
  }

  /** Notes that a use is about to change what this node has just looked at under PR. */
  public void changesAfterLook() {
    lookedAt = -1;
    changeFollowsLook = true;
  }

  /**
   * Whether a use that only looks had better ask for EX at once: on this node a change has followed
   * such a look, each time until now, and two requests for the lock would be made instead of one.
   */
  public boolean expectsChangeAfterLook() {
    if (changeFollowsLook && lookedAt == lastSequence) {
      // Nothing was changed after the last look that was taken for the beginning of a change.
      changeFollowsLook = false;
    }
    lookedAt = lastSequence;
    return changeFollowsLook;
  }

  /** Whether it was made without a name on this node, and may be given one while it is open. */
  public boolean linkable() {
    return linkable;
  }

  /** Notes that it may be given its first name, or that it was, or that it is another inode. */
  public void linkable(boolean may) {
    linkable = may;
  }

  /** Whether the kernel was given pages since they were last dropped. */
  public boolean kernelMayHavePages() {
    return kernelMayHavePages;
  }

  /** Notes that the kernel is told to drop all pages, by a demotion of the lock. */
  public synchronized void kernelDropsPages() {
    kernelMayHavePages = false;
  }

  /**
   * Notes that the kernel is given pages, by a holder of the lock.
   *
   * <p>Under PR no page is in the kernel as long as the node has the file open for writing: a
   * mapping would store into it without a request, and a demotion from PR would have to wait for a
   * read of it, which waits for EX, which comes after the demotion.
   *
   * @param exclusive the node has EX
   * @return whether it may: else EX is needed
   */
  public synchronized boolean givesPages(boolean exclusive) {
    if (!exclusive && writeOpens > 0) {
      return false;
    }
    kernelMayHavePages = true;
    return true;
  }

  /** Whether this directory was listed here since its lock came. */
  public boolean listed() {
    return listed;
  }

  /** Notes a listing. */
  public void listed(boolean here) {
    listed = here;
  }

  /**
   * Notes that somebody looked at a child of this directory whose lock this node did not have.
   *
   * @return how many in a row, without an open of one
   */
  public int lookedAtUnknownChild() {
    return unknownChildren.incrementAndGet();
  }

  /** Notes the directory, by number, in which this inode was found last. */
  public void foundIn(long directory) {
    foundIn = directory;
  }

  /** Number of the directory in which it was found last; 0 where none is known. */
  public long foundIn() {
    return foundIn;
  }

  /** Notes that a child of this directory was opened. */
  public void openedChild() {
    unknownChildren.set(0);
  }

  /** Notes that an operation uses it from now on; {@link InodeTable#pin} calls it. */
  void pin() {
    pins.incrementAndGet();
  }

  /** An operation that had it pinned ended. */
  public void unpin() {
    pins.decrementAndGet();
  }

  /** Whether an operation or an open uses it. */
  boolean isInUse() {
    return pins.get() > 0 || opens() > 0;
  }

  /** References that the kernel's lookups hold. */
  public AtomicLong lookups() {
    return lookups;
  }

  /** Everything cached is dropped: the lock was given up, and nothing is dirty. */
  public void drop() {
    block = null;
    listed = false;
    scope.clear();
    data.clear();
  }

  /**
   * Counts an open, for reading at first.
   *
   * @param holder the open lock in PR, held by the caller
   * @return whether it is the node's first one: the holder is then kept until the last release
   */
  public synchronized boolean opened(LockHolder holder) {
    if (opens++ == 0) {
      openHolder = holder;
      return true;
    }
    return false;
  }

  /**
   * Counts an open that was counted already as one for writing too, by a holder of the lock.
   *
   * @param exclusive the node has EX
   * @return whether it was: else EX is needed, as for {@link #givesPages}
   */
  public synchronized boolean openedForWriting(boolean exclusive) {
    if (!exclusive && kernelMayHavePages) {
      return false;
    }
    writeOpens++;
    return true;
  }

  /**
   * Counts a release.
   *
   * @return the open lock's holder if it was the last one, else null
   */
  public synchronized LockHolder released(boolean forWriting) {
    if (forWriting) {
      writeOpens--;
    }
    if (--opens > 0) {
      return null;
    }
    LockHolder holder = openHolder;
    openHolder = null;
    return holder;
  }

  /**
   * The mount ends with files open: forgets the opens.
   *
   * @return the open lock's holder, or null
   */
  public synchronized LockHolder abandonOpens() {
    opens = 0;
    writeOpens = 0;
    LockHolder holder = openHolder;
    openHolder = null;
    return holder;
  }

  /** Opens on this node. */
  public synchronized int opens() {
    return opens;
  }

  /** Opens for writing on this node. */
  public synchronized int writeOpens() {
    return writeOpens;
  }
}
