package org.jclusterfs.core.vfs;

import java.nio.ByteBuffer;
import java.util.List;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.RangeLocks;
import org.jclusterfs.core.status.MountStatus;

/**
 * A mounted filesystem as operations on inodes and open files.
 *
 * <p>An inode is named by its {@link InodeId}, which a binding has from {@link Attributes#id()}: a
 * call by the id of one that was freed meanwhile fails with {@code STALE} and does nothing, also
 * where its number is another one's by then. Bare numbers are for what is open or cannot be freed,
 * and for what concerns all inodes that had them.
 *
 * <p>Calls block and are made from many threads. An answer is given through a {@link Reply} that
 * runs while the operation still holds its cluster locks, so that what it tells the kernel is
 * ordered before any invalidation; a reply only encodes and sends. Every failure is a {@link
 * FsException}; then no reply is made. Permission bits are checked by the caller (the kernel, by
 * default_permissions). Names are raw bytes, 1–255, without '/' and NUL.
 *
 * <p>Inode 1 as seen by callers is the root; {@link #root()} tells its number on disk, and bindings
 * translate.
 */
public interface Vfs extends AutoCloseable {

  /** Longest name in bytes. */
  int NAME_MAX = 255;

  /** Number of the root directory's inode. */
  long root();

  /** Connects the caches of the kernel above; before the first operation. */
  void attach(KernelCaches caches);

  /** Finds a name in a directory; counts one lookup reference on the inode. */
  void lookup(InodeId parent, byte[] name, Reply<Attributes> reply) throws FsException;

  /**
   * Drops lookup references: the kernel forgot the inode. They are counted by number, for all that
   * had it. Never fails.
   */
  void forget(long inode, long references);

  /** Reads attributes. */
  void getAttributes(InodeId inode, Reply<Attributes> reply) throws FsException;

  /** Changes those attributes that {@code change} carries, truncates included. */
  void setAttributes(InodeId inode, AttributeChange change, Reply<Attributes> reply)
      throws FsException;

  /** Reads the target of a symbolic link. */
  void readLink(InodeId inode, Reply<byte[]> reply) throws FsException;

  /**
   * Makes a file, device node, fifo or socket (by the type bits of mode) or, with S_IFDIR, a
   * directory; counts one lookup reference.
   */
  void makeNode(
      InodeId parent,
      byte[] name,
      int mode,
      int rdevMajor,
      int rdevMinor,
      Caller caller,
      Reply<Attributes> reply)
      throws FsException;

  /** Makes a symbolic link. */
  void makeSymlink(
      InodeId parent, byte[] name, byte[] target, Caller caller, Reply<Attributes> reply)
      throws FsException;

  /** Adds a name to an inode. */
  void link(InodeId inode, InodeId newParent, byte[] newName, Reply<Attributes> reply)
      throws FsException;

  /** Removes a name of anything but a directory. */
  void unlink(InodeId parent, byte[] name, Reply<Void> reply) throws FsException;

  /** Removes an empty directory. */
  void removeDirectory(InodeId parent, byte[] name, Reply<Void> reply) throws FsException;

  /**
   * Renames; {@code flags} as renameat2(2): {@link #RENAME_NOREPLACE}, {@link #RENAME_EXCHANGE},
   * {@link #RENAME_WHITEOUT}.
   *
   * @param caller owner of the whiteout
   */
  void rename(
      InodeId parent,
      byte[] name,
      InodeId newParent,
      byte[] newName,
      int flags,
      Caller caller,
      Reply<Void> reply)
      throws FsException;

  /** renameat2(2) flag: fail where the new name exists. */
  int RENAME_NOREPLACE = 1;

  /** renameat2(2) flag: swap the two names. */
  int RENAME_EXCHANGE = 2;

  /** renameat2(2) flag: a character device 0:0 takes the old name. */
  int RENAME_WHITEOUT = 4;

  /**
   * Flag of {@link #open} and {@link #create} (where they truncate), {@link #write} and the mode of
   * {@link #allocate}: the caller is one for whom set-id bits go when content changes. Whoever it
   * is, security.capability goes.
   */
  int CLEAR_SETID = 1 << 30;

  /**
   * Opens a file or directory; {@code flags} are open(2)'s, and {@link #CLEAR_SETID}. The reply
   * gets the handle.
   */
  void open(InodeId inode, int flags, Reply<OpenFile> reply) throws FsException;

  /**
   * Makes and opens a file in one step, or opens the one there (without O_EXCL); counts one lookup
   * reference.
   */
  void create(InodeId parent, byte[] name, int mode, int flags, Caller caller, CreateReply reply)
      throws FsException;

  /**
   * Makes and opens a file without a name (O_TMPFILE), for which {@code parent} gives group and
   * default ACL; counts one lookup reference. {@link #link} gives it its first name while it is
   * open, unless {@code flags} have O_EXCL; otherwise it is freed.
   */
  void createUnnamed(InodeId parent, int mode, int flags, Caller caller, CreateReply reply)
      throws FsException;

  /** Answer of {@link #create}: the attributes and the handle. Runs under the locks. */
  @FunctionalInterface
  interface CreateReply {
    /** Gives the answer. */
    void accept(Attributes attributes, OpenFile file);
  }

  /**
   * Reads up to {@code size} bytes; the reply's buffers are valid only while it runs. Short at the
   * end of file only.
   *
   * @param pinsPages the kernel holds page locks meanwhile (a buffered read)
   */
  void read(OpenFile file, long offset, int size, boolean pinsPages, Reply<List<ByteBuffer>> reply)
      throws FsException;

  /**
   * Writes all of {@code data}; the reply gets the count. With O_APPEND {@code offset} is ignored:
   * the end of file is read under the lock that the write holds.
   *
   * @param flags open(2)'s, and {@link #CLEAR_SETID}
   * @param writeBack the kernel writes pages of a mapping back: never changes the size
   */
  void write(
      OpenFile file,
      long offset,
      ByteBuffer data,
      int flags,
      boolean writeBack,
      Reply<Integer> reply)
      throws FsException;

  /** One process closed one descriptor: drops its fcntl locks, reports late write errors. */
  void flush(OpenFile file, long lockOwner) throws FsException;

  /** The last reference of a handle went; {@code flockOwner} is 0 where no flock is to drop. */
  void release(OpenFile file, long flockOwner) throws FsException;

  /** Makes an open inode durable; {@code dataOnly} as fdatasync(2). Directories too. */
  void sync(long inode, boolean dataOnly) throws FsException;

  /**
   * Lists a directory from a cookie on (0: from the start, "." and ".." first).
   *
   * @param attributes whether the sink wants attributes (readdirplus); each entry accepted with
   *     attributes counts one lookup reference. "." and ".." come without, and so does an entry
   *     whose lock is not to be had soon
   */
  void readDirectory(OpenFile directory, long cookie, boolean attributes, DirectorySink sink)
      throws FsException;

  /** Figures for statfs(2). */
  VolumeStatistics statistics() throws FsException;

  /** Value of an extended attribute. */
  void getXattr(InodeId inode, byte[] name, Reply<byte[]> reply) throws FsException;

  /** Flag of {@link #setXattr}: an access ACL is set by somebody for whom set-group-id goes. */
  int XATTR_CLEAR_SETGID = 1 << 16;

  /**
   * Sets one; {@code flags} as setxattr(2): 1 create, 2 replace, or {@link #XATTR_CLEAR_SETGID}. An
   * access ACL ({@link org.jclusterfs.core.xattr.PosixAcl}) changes the mode with it, as chmod
   * changes the ACL; a default ACL goes to what is made in the directory, in place of the umask.
   */
  void setXattr(InodeId inode, byte[] name, byte[] value, int flags) throws FsException;

  /** Names of all. */
  void listXattrs(InodeId inode, Reply<List<byte[]>> reply) throws FsException;

  /** Removes one. */
  void removeXattr(InodeId inode, byte[] name) throws FsException;

  /**
   * Sets inode flags, as chattr(1) does; that the caller may do it was checked.
   *
   * @param mask FS_*_FL bits of ioctl_iflags(2) to be changed
   * @param flags what they are to be
   */
  void setFlags(InodeId inode, int mask, int flags) throws FsException;

  /** fallocate(2) with its mode flags, and {@link #CLEAR_SETID}. */
  void allocate(OpenFile file, int mode, long offset, long length) throws FsException;

  /** lseek(2) with SEEK_DATA (3) or SEEK_HOLE (4). */
  long seek(OpenFile file, long offset, int whence) throws FsException;

  /**
   * copy_file_range(2) inside the process; holes stay holes. The range that was written is dropped
   * from the kernel's pages.
   *
   * @param flags 0 or {@link #CLEAR_SETID}
   * @param cancellation ends the copying after some of it
   * @return bytes copied: fewer than asked for at the end of the source, where space ran out after
   *     some, and where it was cancelled
   */
  long copyRange(
      OpenFile source,
      long from,
      OpenFile target,
      long to,
      long length,
      int flags,
      Cancellation cancellation)
      throws FsException;

  /**
   * Tells the device which blocks are free (FITRIM); that the caller may do it was checked.
   *
   * @param start first byte of the volume
   * @param length bytes, unsigned
   * @param minimum shortest free range that is told, in bytes, unsigned
   * @param cancellation ends it between two resource groups
   * @return bytes told
   * @throws FsException {@code NOT_SUPPORTED} where the device has no discard
   */
  long trim(long start, long length, long minimum, Cancellation cancellation) throws FsException;

  /** Takes or tries a fcntl lock; false: it conflicts and {@code wait} is false. */
  boolean lockRange(OpenFile file, RangeLocks.Range range, boolean wait, Cancellation cancellation)
      throws FsException;

  /** Gives a fcntl range back. */
  void unlockRange(OpenFile file, long owner, long start, long end) throws FsException;

  /** The first lock in the way of {@code range}, or null. */
  RangeLocks.Range testRange(OpenFile file, RangeLocks.Range range) throws FsException;

  /**
   * flock(2).
   *
   * @return false: it conflicts and {@code wait} is false
   */
  boolean flock(OpenFile file, long owner, FlockMode mode, boolean wait, Cancellation cancellation)
      throws FsException;

  /** The operations of flock(2). */
  enum FlockMode {
    /** LOCK_SH. */
    SHARED,
    /** LOCK_EX. */
    EXCLUSIVE,
    /** LOCK_UN. */
    UNLOCK
  }

  /**
   * Milliseconds of silence after which the other nodes declare this one dead; at two thirds of it
   * this node stops by itself, and nothing that it told its kernel may be used for longer.
   */
  default int thresholdMillis() {
    return 15_000;
  }

  /**
   * Remounts read-only, after the kernel has stopped everybody from writing, or for writing. When
   * it returns what was changed is in place.
   */
  default void setReadOnly(boolean readOnly) throws FsException {
    throw new FsException(FsException.Failure.NOT_SUPPORTED, "it stays as it was mounted");
  }

  /** Says when reading changes access times; where nobody does it never does. */
  default void setAccessPolicy(AccessPolicy policy) {}

  /** State of the mount at this moment, for people; never waits for a lock of the cluster. */
  MountStatus status();

  /** Flushes everything, leaves the cluster in order and frees the slot. */
  @Override
  void close() throws FsException;
}
