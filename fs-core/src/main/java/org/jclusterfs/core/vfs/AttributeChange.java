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
 * @param clearSetId whether set-id bits are to be cleared (FATTR_KILL_SUIDGID)
 */
public record AttributeChange(
    Integer mode,
    Integer uid,
    Integer gid,
    Long size,
    Instant accessTime,
    Instant modifyTime,
    boolean clearSetId) {

  /** Stands for the time at which the change is made. */
  public static final Instant NOW = Instant.MIN;
}
