package org.jclusterfs.core.vfs;

import java.time.Instant;

/**
 * What stat(2) and statx(2) tell of an inode.
 *
 * @param inode its number
 * @param generation tells inodes apart that had the same number
 * @param mode type and permission bits
 * @param linkCount names
 * @param uid owner
 * @param gid group
 * @param rdevMajor of device nodes
 * @param rdevMinor of device nodes
 * @param size bytes
 * @param sectors allocated space in units of 512 bytes
 * @param accessTime last access
 * @param modifyTime last change of content
 * @param changeTime last change of the inode
 * @param birthTime creation
 * @param flags FS_*_FL bits of ioctl_iflags(2)
 * @param cacheable whether the kernel may keep these attributes (and the name that led to them)
 *     until it is told otherwise
 */
public record Attributes(
    long inode,
    long generation,
    int mode,
    int linkCount,
    int uid,
    int gid,
    int rdevMajor,
    int rdevMinor,
    long size,
    long sectors,
    Instant accessTime,
    Instant modifyTime,
    Instant changeTime,
    Instant birthTime,
    int flags,
    boolean cacheable) {

  /** What tells the inode for ever. */
  public InodeId id() {
    return new InodeId(inode, generation);
  }
}
