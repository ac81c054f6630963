package org.jclusterfs.core.inode;

/**
 * Where a run of file blocks lies: an extent, or a hole.
 *
 * @param logical first block in the file
 * @param physical first block on the volume; 0 for a hole
 * @param length blocks; {@link Long#MAX_VALUE} for a hole that no extent follows
 * @param unwritten the blocks are allocated, but read as zeros
 */
public record Mapping(long logical, long physical, long length, boolean unwritten) {

  static Mapping hole(long logical, long length) {
    return new Mapping(logical, 0, length, false);
  }

  /** Whether nothing is allocated here. */
  public boolean isHole() {
    return physical == 0;
  }

  /** Whether it reads as zeros: a hole or unwritten. */
  public boolean readsAsZeros() {
    return isHole() || unwritten;
  }

  /** First file block behind it; {@link Long#MAX_VALUE} for a hole that no extent follows. */
  public long end() {
    return length == Long.MAX_VALUE ? length : logical + length;
  }

  /** Where a file block inside this extent lies on the volume. */
  public long physicalOf(long block) {
    return physical + (block - logical);
  }
}
