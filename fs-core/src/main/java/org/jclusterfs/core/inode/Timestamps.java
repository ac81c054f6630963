package org.jclusterfs.core.inode;

import java.nio.ByteBuffer;
import java.time.Instant;
import org.jclusterfs.core.format.InodeBlock;

/** Reads and sets the times of an inode block as instants. */
public final class Timestamps {
  private Timestamps() {}

  /** Time of last access. */
  public static Instant access(ByteBuffer inode) {
    return Instant.ofEpochSecond(InodeBlock.accessTime(inode), InodeBlock.accessNanos(inode));
  }

  /** Time of the content's last change. */
  public static Instant modify(ByteBuffer inode) {
    return Instant.ofEpochSecond(InodeBlock.modifyTime(inode), InodeBlock.modifyNanos(inode));
  }

  /** Time of the inode's last change. */
  public static Instant change(ByteBuffer inode) {
    return Instant.ofEpochSecond(InodeBlock.changeTime(inode), InodeBlock.changeNanos(inode));
  }

  /** Time of creation. */
  public static Instant birth(ByteBuffer inode) {
    return Instant.ofEpochSecond(InodeBlock.birthTime(inode), InodeBlock.birthNanos(inode));
  }

  /** Sets the time of last access. */
  public static void access(ByteBuffer inode, Instant time) {
    InodeBlock.accessTime(inode, time.getEpochSecond());
    InodeBlock.accessNanos(inode, time.getNano());
  }

  /** Sets the time of the content's last change. */
  public static void modify(ByteBuffer inode, Instant time) {
    InodeBlock.modifyTime(inode, time.getEpochSecond());
    InodeBlock.modifyNanos(inode, time.getNano());
  }

  /** Sets the time of the inode's last change, and counts that change. */
  public static void changed(ByteBuffer inode, Instant time) {
    InodeBlock.changeTime(inode, time.getEpochSecond());
    InodeBlock.changeNanos(inode, time.getNano());
    InodeBlock.changeCount(inode, InodeBlock.changeCount(inode) + 1);
  }

  /** The content changed: modification and change time. */
  public static void modified(ByteBuffer inode, Instant time) {
    modify(inode, time);
    changed(inode, time);
  }

  /** A new inode: all four times. */
  public static void created(ByteBuffer inode, Instant time) {
    InodeBlock.birthTime(inode, time.getEpochSecond());
    InodeBlock.birthNanos(inode, time.getNano());
    access(inode, time);
    modified(inode, time);
  }
}
