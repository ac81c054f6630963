package org.jclusterfs.mount.protocol;

import java.nio.ByteBuffer;
import java.time.Instant;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.VolumeStatistics;

/**
 * What is sent to the kernel: each method writes one structure of fuse.h at the buffer's position
 * (host byte order) and moves it behind.
 */
public final class Replies {
  /** fuse_out_header: 0 len, 4 error, 8 unique. */
  public static final int OUT_HEADER_BYTES = 16;

  /** fuse_attr. */
  public static final int ATTR_BYTES = 88;

  /** fuse_attr_out: 0 attr_valid, 8 attr_valid_nsec, 16 attr. */
  public static final int ATTR_OUT_BYTES = 16 + ATTR_BYTES;

  /**
   * fuse_entry_out: 0 nodeid, 8 generation, 16 entry_valid, 24 attr_valid, 32 entry_valid_nsec, 36
   * attr_valid_nsec, 40 attr.
   */
  public static final int ENTRY_OUT_BYTES = 40 + ATTR_BYTES;

  /** fuse_open_out: 0 fh, 8 open_flags. */
  public static final int OPEN_OUT_BYTES = 16;

  /** fuse_init_out. */
  public static final int INIT_OUT_BYTES = 64;

  /** fuse_statfs_out. */
  public static final int STATFS_OUT_BYTES = 80;

  /** fuse_statx_out: 0 attr_valid, 8 attr_valid_nsec, 12 flags, 32 fuse_statx. */
  public static final int STATX_OUT_BYTES = 288;

  /** fuse_dirent before the name: 0 ino, 8 off, 16 namelen, 20 type. */
  public static final int DIRENT_BYTES = 24;

  /** fuse_lk_out. */
  public static final int LK_OUT_BYTES = 24;

  private static final int BLOCK_SIZE = 4096;
  private static final int STATX_BASIC_AND_BIRTH = 0xfff;

  /** STATX_ATTR_IMMUTABLE, _APPEND and _NODUMP have the values of the flags of the inode. */
  private static final int STATX_ATTRIBUTES =
      InodeBlock.FLAG_IMMUTABLE | InodeBlock.FLAG_APPEND | InodeBlock.FLAG_NODUMP;

  private Replies() {}

  /** fuse_attr. */
  public static void attr(ByteBuffer b, Attributes a) {
    b.putLong(a.inode());
    b.putLong(a.size());
    b.putLong(a.sectors());
    b.putLong(a.accessTime().getEpochSecond());
    b.putLong(a.modifyTime().getEpochSecond());
    b.putLong(a.changeTime().getEpochSecond());
    b.putInt(a.accessTime().getNano());
    b.putInt(a.modifyTime().getNano());
    b.putInt(a.changeTime().getNano());
    b.putInt(a.mode());
    b.putInt(a.linkCount());
    b.putInt(a.uid());
    b.putInt(a.gid());
    b.putInt(device(a.rdevMajor(), a.rdevMinor()));
    b.putInt(BLOCK_SIZE);
    b.putInt(0);
  }

  /** fuse_attr_out; the time that the kernel may keep it is in milliseconds. */
  public static void attrOut(ByteBuffer b, Attributes a, long validMillis) {
    b.putLong(validMillis / 1000);
    b.putInt((int) (validMillis % 1000) * 1_000_000);
    b.putInt(0);
    attr(b, a);
  }

  /** fuse_entry_out; times that the kernel may keep name and attributes are in milliseconds. */
  public static void entryOut(
      ByteBuffer b, long nodeid, Attributes a, long nameMillis, long attributeMillis) {
    b.putLong(nodeid);
    b.putLong(a.generation());
    b.putLong(nameMillis / 1000);
    b.putLong(attributeMillis / 1000);
    b.putInt((int) (nameMillis % 1000) * 1_000_000);
    b.putInt((int) (attributeMillis % 1000) * 1_000_000);
    attr(b, a);
  }

  /** A fuse_entry_out in READDIRPLUS that says nothing: the kernel looks the name up itself. */
  public static void noEntryOut(ByteBuffer b) {
    for (int i = 0; i < ENTRY_OUT_BYTES / 8; i++) {
      b.putLong(0);
    }
  }

  /** Takes from a fuse_entry_out at {@code offset} the leave to keep name and attributes. */
  public static void uncacheEntry(ByteBuffer b, int offset) {
    b.putLong(offset + 16, 0);
    b.putLong(offset + 24, 0);
    b.putLong(offset + 32, 0);
  }

  /** fuse_open_out. */
  public static void openOut(ByteBuffer b, long fh, int openFlags) {
    b.putLong(fh);
    b.putInt(openFlags);
    b.putInt(0);
  }

  /** fuse_init_out; 0 major … 16 max_background … 24 time_gran, 28 max_pages, 32 flags2. */
  public static void initOut(
      ByteBuffer b, int minor, int maxReadahead, long flags, int maxWrite, int maxPages) {
    b.putInt(7);
    b.putInt(minor);
    b.putInt(maxReadahead);
    b.putInt((int) flags);
    b.putShort((short) 65535);
    b.putShort((short) 49152);
    b.putInt(maxWrite);
    b.putInt(1);
    b.putShort((short) maxPages);
    b.putShort((short) 0);
    b.putInt((int) (flags >>> 32));
    for (int i = 0; i < 7; i++) {
      b.putInt(0);
    }
  }

  /** fuse_statfs_out. */
  public static void statfsOut(ByteBuffer b, VolumeStatistics s) {
    b.putLong(s.totalBlocks());
    b.putLong(s.freeBlocks());
    b.putLong(s.availableBlocks());
    b.putLong(s.inodes());
    b.putLong(s.freeInodes());
    b.putInt(s.blockSize());
    b.putInt(255);
    b.putInt(s.blockSize());
    for (int i = 0; i < 7; i++) {
      b.putInt(0);
    }
  }

  /** fuse_statx_out with birth time. */
  public static void statxOut(ByteBuffer b, Attributes a, long validMillis) {
    b.putLong(validMillis / 1000);
    b.putInt((int) (validMillis % 1000) * 1_000_000);
    b.putInt(0);
    b.putLong(0);
    b.putLong(0);
    b.putInt(STATX_BASIC_AND_BIRTH);
    b.putInt(BLOCK_SIZE);
    b.putLong(a.flags() & STATX_ATTRIBUTES);
    b.putInt(a.linkCount());
    b.putInt(a.uid());
    b.putInt(a.gid());
    b.putShort((short) a.mode());
    b.putShort((short) 0);
    b.putLong(a.inode());
    b.putLong(a.size());
    b.putLong(a.sectors());
    b.putLong(STATX_ATTRIBUTES);
    time(b, a.accessTime());
    time(b, a.birthTime());
    time(b, a.changeTime());
    time(b, a.modifyTime());
    b.putInt(a.rdevMajor());
    b.putInt(a.rdevMinor());
    for (int i = 0; i < 15; i++) {
      b.putLong(0);
    }
  }

  /** fuse_ioctl_out of success: 0 result, 4 flags, 8 in_iovs, 12 out_iovs; the output follows. */
  public static void ioctlOut(ByteBuffer b) {
    b.putLong(0);
    b.putLong(0);
  }

  /** fuse_dirent with its name, padded to eight bytes. */
  public static void dirent(ByteBuffer b, long inode, long cookie, int type, byte[] name) {
    b.putLong(inode);
    b.putLong(cookie);
    b.putInt(name.length);
    b.putInt(type);
    b.put(name);
    while (b.position() % 8 != 0) {
      b.put((byte) 0);
    }
  }

  /** Size of {@link #dirent}. */
  public static int direntBytes(int nameLength) {
    return (DIRENT_BYTES + nameLength + 7) & ~7;
  }

  /** fuse_lk_out. */
  public static void lkOut(ByteBuffer b, long start, long end, int type, int pid) {
    b.putLong(start);
    b.putLong(end);
    b.putInt(type);
    b.putInt(pid);
  }

  /** A device number as the kernel's new_encode_dev has it. */
  public static int device(int major, int minor) {
    return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
  }

  /** Major number of an encoded device. */
  public static int major(int device) {
    return (device & 0xfff00) >> 8;
  }

  /** Minor number of an encoded device. */
  public static int minor(int device) {
    return (device & 0xff) | ((device >>> 12) & 0xfff00);
  }

  private static void time(ByteBuffer b, Instant t) {
    b.putLong(t.getEpochSecond());
    b.putInt(t.getNano());
    b.putInt(0);
  }
}
