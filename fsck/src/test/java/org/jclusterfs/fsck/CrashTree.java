package org.jclusterfs.fsck;

import org.jclusterfs.core.vfs.FsException;

/**
 * The operations that crash sequences are made of, on paths. There is one that carries them out and
 * one that knows what they should have done.
 */
interface CrashTree {
  /** Makes an empty file. */
  void create(String path) throws FsException;

  /** Writes into a file; null stands for its end. */
  void write(String path, Integer offset, byte[] data) throws FsException;

  /** Sets a file's size. */
  void truncate(String path, int size) throws FsException;

  /** Renames; {@code exchange} swaps the two. */
  void rename(String from, String to, boolean exchange) throws FsException;

  /** Renames, and leaves a device 0:0 under the old name. */
  void whiteOut(String from, String to) throws FsException;

  /** Makes a file without a name, writes into it, and gives it its first one. */
  void linkUnnamed(String path, byte[] data) throws FsException;

  /** Makes a file without a name, writes into it, and keeps it open until the end of the run. */
  void openUnnamed(String directory, byte[] data) throws FsException;

  /** Gives a file one more name. */
  void link(String path, String name) throws FsException;

  /** Removes a name of a file. */
  void unlink(String path) throws FsException;

  /** Makes a directory. */
  void makeDirectory(String path) throws FsException;

  /** Removes an empty directory. */
  void removeDirectory(String path) throws FsException;

  /** As fallocate(2): punches a hole, or gives blocks and, unless it is to stay, a size. */
  void allocate(String path, boolean punch, boolean keepSize, int offset, int length)
      throws FsException;

  /** As fallocate(2) with FALLOC_FL_ZERO_RANGE. */
  void zero(String path, boolean keepSize, int offset, int length) throws FsException;

  /** As copy_file_range(2), of a range that the source has. */
  void copy(String source, int from, String target, int at, int length) throws FsException;

  /** Sets an attribute. */
  void setXattr(String path, String name, byte[] value) throws FsException;

  /** Removes an attribute. */
  void removeXattr(String path, String name) throws FsException;

  /** Makes a symbolic link. */
  void symlink(String path, String target) throws FsException;

  /** Makes a fifo. */
  void makeFifo(String path) throws FsException;

  /** Opens a file and keeps it open until the end of the run. */
  void open(String path) throws FsException;

  /** Makes one inode durable. */
  void sync(String path, boolean dataOnly) throws FsException;

  /** Makes everything durable. */
  void syncAll() throws FsException;

  /** Waits until what is durable is in its place, and what is unlinked and not open is freed. */
  void comeToRest() throws FsException;
}
