package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.xattr.PosixAcl;
import org.jclusterfs.core.xattr.XattrStore;

/**
 * Keeps access control lists in step with modes. The mode's group bits are those of the list's
 * mask, and both change in one transaction: a mode without its list would give the group what the
 * mask was to keep from it.
 */
final class Acls {
  static final int PERMISSIONS = 0777;

  private static final byte[] ACCESS = PosixAcl.ACCESS.getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DEFAULT = PosixAcl.DEFAULT.getBytes(StandardCharsets.US_ASCII);

  /**
   * What a new inode gets.
   *
   * @param mode type and permission bits
   * @param attributes its lists, by attribute name
   */
  record Inherited(int mode, Map<String, byte[]> attributes) {}

  private Acls() {}

  /** By the directory's default list, or by the umask where it has none. */
  static Inherited inherit(VolumeState volume, HeldInode parent, int mode, int umask)
      throws IOException, FsException {
    PosixAcl list = list(volume, parent, DEFAULT);
    if (list == null || (mode & FileTypes.MASK) == FileTypes.SYMLINK) {
      return new Inherited(mode & ~umask, Map.of());
    }
    PosixAcl access = list.inheritedWith(mode);
    Map<String, byte[]> attributes = new LinkedHashMap<>();
    if (!access.isMode()) {
      attributes.put(PosixAcl.ACCESS, access.bytes());
    }
    if (FileTypes.isDirectory(mode)) {
      attributes.put(PosixAcl.DEFAULT, list.bytes());
    }
    return new Inherited(mode & ~PERMISSIONS | access.permissions(), attributes);
  }

  /** The change of an inode's access list that chmod(2) makes, or null where it has none. */
  static XattrStore.Change changeMode(VolumeState volume, HeldInode inode, int mode)
      throws IOException, FsException {
    PosixAcl list = list(volume, inode, ACCESS);
    return list == null
        ? null
        : store(volume, inode).planSet(ACCESS, list.changedTo(mode).bytes(), XattrStore.REPLACE);
  }

  static boolean isAccess(byte[] name) {
    return java.util.Arrays.equals(name, ACCESS);
  }

  /** Reads a list that a user has given. */
  static PosixAcl given(byte[] value) throws FsException {
    if (value.length > PosixAcl.MAX_LENGTH) {
      throw new FsException(Failure.NO_SPACE, "an ACL of more than 511 entries");
    }
    try {
      return PosixAcl.parse(value);
    } catch (IllegalArgumentException e) {
      throw new FsException(Failure.INVALID, e.getMessage());
    }
  }

  private static PosixAcl list(VolumeState volume, HeldInode inode, byte[] name)
      throws IOException, FsException {
    if (InodeBlock.xattrBlock(inode.buffer()) == 0) {
      return null;
    }
    byte[] value = store(volume, inode).get(name);
    try {
      return value == null ? null : PosixAcl.parse(value);
    } catch (IllegalArgumentException e) {
      // Written by somebody else: nothing may be granted by what it might have said.
      throw new FsException(
          Failure.IO, "inode " + inode.number() + " has an ACL that is none: " + e.getMessage());
    }
  }

  private static XattrStore store(VolumeState volume, HeldInode inode) {
    return new XattrStore(inode.block(), inode.inode().scope(), volume.store());
  }
}
