package org.jclusterfs.core.cluster;

/** The kinds of cluster locks; the wire and log code of a type is {@link #code()}. */
public enum LockType {
  /** The one lock that serialises directory renames over the whole volume; id 0. */
  RENAME(1),
  /** An inode with its data, extents, entries and xattrs; id is the inode number. */
  INODE(2),
  /** Held PR from a node's first open of an inode to its last release; id is the inode number. */
  OPEN(3),
  /** A resource group with its bitmaps; id is the group's index. */
  RESOURCE_GROUP(4),
  /** flock(2) of an inode: PR for LOCK_SH, EX for LOCK_EX; id is the inode number. */
  FLOCK(5),
  /** fcntl(2) byte-range locks of an inode; id is the inode number. */
  FCNTL(6),
  /** The right to replay a slot's journal; id is the slot. */
  JOURNAL(7);

  private final int code;

  LockType(int code) {
    this.code = code;
  }

  /** Whether the ids of this type are inode numbers. */
  public boolean isOfInode() {
    return this == INODE || this == OPEN || this == FLOCK || this == FCNTL;
  }

  /** Whether its users keep locks of this type for longer than one operation. */
  boolean isHeldForLong() {
    return this == OPEN;
  }

  /** Whether locks of this type carry a value: what their last writer told of the state. */
  boolean carriesValue() {
    return this == INODE;
  }

  /** The type with a number. */
  static LockType ofCode(int code) {
    return values()[code - 1];
  }

  /** The number of this type on the wire and in the log. */
  public int code() {
    return code;
  }
}
