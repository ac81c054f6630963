package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * An inode: attributes, and in its body the content itself or the root node of its tree. The
 * header's owner is the inode's own number, which is the block's address.
 *
 * <p>Invariants: directories have layout {@link #LAYOUT_DIRECTORY}; {@code bodyLength <=
 * BODY_LENGTH}; with {@link #LAYOUT_INLINE}, {@code size} equals {@code bodyLength}.
 *
 * <pre>
 *       0               4               8
 *   64 | generation                    |
 *   72 | mode          | linkCount     |
 *   80 | uid           | gid           |
 *   88 | size                          |
 *   96 | blocks                        |
 *  104 | accessTime                    |
 *  112 | modifyTime                    |
 *  120 | changeTime                    |
 *  128 | birthTime                     |
 *  136 | accessNanos   | modifyNanos   |
 *  144 | changeNanos   | birthNanos    |
 *  152 | flags         | layout        |
 *  160 | rdevMajor     | rdevMinor     |
 *  168 | xattrBlock                    |
 *  176 | xattrBytes    | orphanSlot    |
 *  184 | parent                        |
 *  192 | entries                       |
 *  200 | changeCount                   |
 *  208 | project       | bodyLength    |
 *  216 | reserved (40 bytes)           |
 *  256 | body (3840 bytes)             |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class InodeBlock {

  /** JCIN, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'I' << 16 | 'N' << 24;

  /** Offset of generation. */
  public static final int GENERATION_OFFSET = 64;

  /** Offset of mode. */
  public static final int MODE_OFFSET = 72;

  /** Offset of linkCount. */
  public static final int LINK_COUNT_OFFSET = 76;

  /** Offset of uid. */
  public static final int UID_OFFSET = 80;

  /** Offset of gid. */
  public static final int GID_OFFSET = 84;

  /** Offset of size. */
  public static final int SIZE_OFFSET = 88;

  /** Offset of blocks. */
  public static final int BLOCKS_OFFSET = 96;

  /** Offset of accessTime. */
  public static final int ACCESS_TIME_OFFSET = 104;

  /** Offset of modifyTime. */
  public static final int MODIFY_TIME_OFFSET = 112;

  /** Offset of changeTime. */
  public static final int CHANGE_TIME_OFFSET = 120;

  /** Offset of birthTime. */
  public static final int BIRTH_TIME_OFFSET = 128;

  /** Offset of accessNanos. */
  public static final int ACCESS_NANOS_OFFSET = 136;

  /** Offset of modifyNanos. */
  public static final int MODIFY_NANOS_OFFSET = 140;

  /** Offset of changeNanos. */
  public static final int CHANGE_NANOS_OFFSET = 144;

  /** Offset of birthNanos. */
  public static final int BIRTH_NANOS_OFFSET = 148;

  /** Offset of flags. */
  public static final int FLAGS_OFFSET = 152;

  /** Offset of layout. */
  public static final int LAYOUT_OFFSET = 156;

  /** Offset of rdevMajor. */
  public static final int RDEV_MAJOR_OFFSET = 160;

  /** Offset of rdevMinor. */
  public static final int RDEV_MINOR_OFFSET = 164;

  /** Offset of xattrBlock. */
  public static final int XATTR_BLOCK_OFFSET = 168;

  /** Offset of xattrBytes. */
  public static final int XATTR_BYTES_OFFSET = 176;

  /** Offset of orphanSlot. */
  public static final int ORPHAN_SLOT_OFFSET = 180;

  /** Offset of parent. */
  public static final int PARENT_OFFSET = 184;

  /** Offset of entries. */
  public static final int ENTRIES_OFFSET = 192;

  /** Offset of changeCount. */
  public static final int CHANGE_COUNT_OFFSET = 200;

  /** Offset of project. */
  public static final int PROJECT_OFFSET = 208;

  /** Offset of bodyLength. */
  public static final int BODY_LENGTH_OFFSET = 212;

  /** Offset of body. */
  public static final int BODY_OFFSET = 256;

  /** Bytes of the body. */
  public static final int BODY_LENGTH = 3840;

  /** {@link #layout}: nothing (devices, fifos, sockets). */
  public static final int LAYOUT_NONE = 0;

  /** {@link #layout}: file content or symlink target. */
  public static final int LAYOUT_INLINE = 1;

  /** {@link #layout}: root node of an extent tree. */
  public static final int LAYOUT_EXTENTS = 2;

  /** {@link #layout}: root node of a directory tree. */
  public static final int LAYOUT_DIRECTORY = 3;

  /** {@link #flags}: FS_SYNC_FL, every change is durable when the call returns. */
  public static final int FLAG_SYNC = 0x8;

  /** {@link #flags}: FS_IMMUTABLE_FL, nothing of it can be changed. */
  public static final int FLAG_IMMUTABLE = 0x10;

  /** {@link #flags}: FS_APPEND_FL, it can only be appended to. */
  public static final int FLAG_APPEND = 0x20;

  /** {@link #flags}: FS_NODUMP_FL, dump(8) leaves it out. */
  public static final int FLAG_NODUMP = 0x40;

  /** {@link #flags}: FS_NOATIME_FL. */
  public static final int FLAG_NOATIME = 0x80;

  /** {@link #flags}: FS_DIRSYNC_FL, changes of a directory's names are durable at once. */
  public static final int FLAG_DIRSYNC = 0x10000;

  /** Flags that version 1 has. */
  public static final int KNOWN_FLAGS =
      FLAG_SYNC | FLAG_IMMUTABLE | FLAG_APPEND | FLAG_NODUMP | FLAG_NOATIME | FLAG_DIRSYNC;

  /** Those of them that only directories have. */
  public static final int DIRECTORY_FLAGS = FLAG_DIRSYNC;

  /** Those of them that other inodes than files and directories have. */
  public static final int SPECIAL_FLAGS = FLAG_NODUMP | FLAG_NOATIME;

  private InodeBlock() {}

  /** Differs from that of any earlier inode at this address. */
  public static long generation(ByteBuffer block) {
    return block.getLong(GENERATION_OFFSET);
  }

  /** Sets generation. */
  public static void generation(ByteBuffer block, long value) {
    block.putLong(GENERATION_OFFSET, value);
  }

  /** Type and permission bits as in st_mode. */
  public static int mode(ByteBuffer block) {
    return block.getInt(MODE_OFFSET);
  }

  /** Sets mode. */
  public static void mode(ByteBuffer block, int value) {
    block.putInt(MODE_OFFSET, value);
  }

  /** Names of the inode; of a directory 2 plus its subdirectories. */
  public static int linkCount(ByteBuffer block) {
    return block.getInt(LINK_COUNT_OFFSET);
  }

  /** Sets linkCount. */
  public static void linkCount(ByteBuffer block, int value) {
    block.putInt(LINK_COUNT_OFFSET, value);
  }

  /** Owner, unsigned. */
  public static int uid(ByteBuffer block) {
    return block.getInt(UID_OFFSET);
  }

  /** Sets uid. */
  public static void uid(ByteBuffer block, int value) {
    block.putInt(UID_OFFSET, value);
  }

  /** Group, unsigned. */
  public static int gid(ByteBuffer block) {
    return block.getInt(GID_OFFSET);
  }

  /** Sets gid. */
  public static void gid(ByteBuffer block, int value) {
    block.putInt(GID_OFFSET, value);
  }

  /** Size in bytes. */
  public static long size(ByteBuffer block) {
    return block.getLong(SIZE_OFFSET);
  }

  /** Sets size. */
  public static void size(ByteBuffer block, long value) {
    block.putLong(SIZE_OFFSET, value);
  }

  /** Blocks allocated beside the inode. */
  public static long blocks(ByteBuffer block) {
    return block.getLong(BLOCKS_OFFSET);
  }

  /** Sets blocks. */
  public static void blocks(ByteBuffer block, long value) {
    block.putLong(BLOCKS_OFFSET, value);
  }

  /** Seconds, signed. */
  public static long accessTime(ByteBuffer block) {
    return block.getLong(ACCESS_TIME_OFFSET);
  }

  /** Sets accessTime. */
  public static void accessTime(ByteBuffer block, long value) {
    block.putLong(ACCESS_TIME_OFFSET, value);
  }

  /** Seconds, signed. */
  public static long modifyTime(ByteBuffer block) {
    return block.getLong(MODIFY_TIME_OFFSET);
  }

  /** Sets modifyTime. */
  public static void modifyTime(ByteBuffer block, long value) {
    block.putLong(MODIFY_TIME_OFFSET, value);
  }

  /** Seconds, signed. */
  public static long changeTime(ByteBuffer block) {
    return block.getLong(CHANGE_TIME_OFFSET);
  }

  /** Sets changeTime. */
  public static void changeTime(ByteBuffer block, long value) {
    block.putLong(CHANGE_TIME_OFFSET, value);
  }

  /** Seconds, signed. */
  public static long birthTime(ByteBuffer block) {
    return block.getLong(BIRTH_TIME_OFFSET);
  }

  /** Sets birthTime. */
  public static void birthTime(ByteBuffer block, long value) {
    block.putLong(BIRTH_TIME_OFFSET, value);
  }

  /** Nanoseconds of accessTime. */
  public static int accessNanos(ByteBuffer block) {
    return block.getInt(ACCESS_NANOS_OFFSET);
  }

  /** Sets accessNanos. */
  public static void accessNanos(ByteBuffer block, int value) {
    block.putInt(ACCESS_NANOS_OFFSET, value);
  }

  /** Nanoseconds of modifyTime. */
  public static int modifyNanos(ByteBuffer block) {
    return block.getInt(MODIFY_NANOS_OFFSET);
  }

  /** Sets modifyNanos. */
  public static void modifyNanos(ByteBuffer block, int value) {
    block.putInt(MODIFY_NANOS_OFFSET, value);
  }

  /** Nanoseconds of changeTime. */
  public static int changeNanos(ByteBuffer block) {
    return block.getInt(CHANGE_NANOS_OFFSET);
  }

  /** Sets changeNanos. */
  public static void changeNanos(ByteBuffer block, int value) {
    block.putInt(CHANGE_NANOS_OFFSET, value);
  }

  /** Nanoseconds of birthTime. */
  public static int birthNanos(ByteBuffer block) {
    return block.getInt(BIRTH_NANOS_OFFSET);
  }

  /** Sets birthNanos. */
  public static void birthNanos(ByteBuffer block, int value) {
    block.putInt(BIRTH_NANOS_OFFSET, value);
  }

  /** FS_*_FL bits of ioctl_iflags(2). */
  public static int flags(ByteBuffer block) {
    return block.getInt(FLAGS_OFFSET);
  }

  /** Sets flags. */
  public static void flags(ByteBuffer block, int value) {
    block.putInt(FLAGS_OFFSET, value);
  }

  /** What the body holds: one of the LAYOUT constants. */
  public static int layout(ByteBuffer block) {
    return block.getInt(LAYOUT_OFFSET);
  }

  /** Sets layout. */
  public static void layout(ByteBuffer block, int value) {
    block.putInt(LAYOUT_OFFSET, value);
  }

  /** Major number of a device inode. */
  public static int rdevMajor(ByteBuffer block) {
    return block.getInt(RDEV_MAJOR_OFFSET);
  }

  /** Sets rdevMajor. */
  public static void rdevMajor(ByteBuffer block, int value) {
    block.putInt(RDEV_MAJOR_OFFSET, value);
  }

  /** Minor number of a device inode. */
  public static int rdevMinor(ByteBuffer block) {
    return block.getInt(RDEV_MINOR_OFFSET);
  }

  /** Sets rdevMinor. */
  public static void rdevMinor(ByteBuffer block, int value) {
    block.putInt(RDEV_MINOR_OFFSET, value);
  }

  /** First xattr block, 0: none. */
  public static long xattrBlock(ByteBuffer block) {
    return block.getLong(XATTR_BLOCK_OFFSET);
  }

  /** Sets xattrBlock. */
  public static void xattrBlock(ByteBuffer block, long value) {
    block.putLong(XATTR_BLOCK_OFFSET, value);
  }

  /** Length of the xattr stream. */
  public static int xattrBytes(ByteBuffer block) {
    return block.getInt(XATTR_BYTES_OFFSET);
  }

  /** Sets xattrBytes. */
  public static void xattrBytes(ByteBuffer block, int value) {
    block.putInt(XATTR_BYTES_OFFSET, value);
  }

  /** Slot + 1 of the orphan directory that names this inode, 0: none. */
  public static int orphanSlot(ByteBuffer block) {
    return block.getInt(ORPHAN_SLOT_OFFSET);
  }

  /** Sets orphanSlot. */
  public static void orphanSlot(ByteBuffer block, int value) {
    block.putInt(ORPHAN_SLOT_OFFSET, value);
  }

  /** Of a directory: number of its parent; else 0. */
  public static long parent(ByteBuffer block) {
    return block.getLong(PARENT_OFFSET);
  }

  /** Sets parent. */
  public static void parent(ByteBuffer block, long value) {
    block.putLong(PARENT_OFFSET, value);
  }

  /** Of a directory: names in it. */
  public static long entries(ByteBuffer block) {
    return block.getLong(ENTRIES_OFFSET);
  }

  /** Sets entries. */
  public static void entries(ByteBuffer block, long value) {
    block.putLong(ENTRIES_OFFSET, value);
  }

  /** Raised by each change. */
  public static long changeCount(ByteBuffer block) {
    return block.getLong(CHANGE_COUNT_OFFSET);
  }

  /** Sets changeCount. */
  public static void changeCount(ByteBuffer block, long value) {
    block.putLong(CHANGE_COUNT_OFFSET, value);
  }

  /** Reserved for project quota. */
  public static int project(ByteBuffer block) {
    return block.getInt(PROJECT_OFFSET);
  }

  /** Sets project. */
  public static void project(ByteBuffer block, int value) {
    block.putInt(PROJECT_OFFSET, value);
  }

  /** Inline data: bytes used of the body. */
  public static int bodyLength(ByteBuffer block) {
    return block.getInt(BODY_LENGTH_OFFSET);
  }

  /** Sets bodyLength. */
  public static void bodyLength(ByteBuffer block, int value) {
    block.putInt(BODY_LENGTH_OFFSET, value);
  }
}
