package org.jclusterfs.core.vfs;

import java.time.Instant;

/**
 * The attributes that setattr changes; null leaves one as it is.
 *
 * @param mode permission bits
 * @param uid owner
 * @param gid group
 * @param size new size in bytes
 * @param accessTime new access time; {@link #NOW} for the node's clock
 * @param modifyTime new modification time; {@link #NOW} for the node's clock
 * @param clearSetId whether set-id bits are to be cleared; a directory keeps them
 * @param ownedBy user who has to own the inode, or null where anybody may make the change: whether
 *     it does is looked at under the lock, since the kernel above may have let somebody change what
 *     another node has just given to others
 */
public record AttributeChange(
    Integer mode,
    Integer uid,
    Integer gid,
    Long size,
    Instant accessTime,
    Instant modifyTime,
    boolean clearSetId,
    Integer ownedBy) {

  /** A change that anybody may make. */
  public AttributeChange(
      Integer mode,
      Integer uid,
      Integer gid,
      Long size,
      Instant accessTime,
      Instant modifyTime,
      boolean clearSetId) {
    this(mode, uid, gid, size, accessTime, modifyTime, clearSetId, null);
  }

  /** Stands for the time at which the change is made. */
  public static final Instant NOW = Instant.MIN;
}
