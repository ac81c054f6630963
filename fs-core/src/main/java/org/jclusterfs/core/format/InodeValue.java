package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The attributes of an inode as they travel with its lock: what stat(2) tells, without its block.
 *
 * <p>Invariants: an inode has a value only if all of it fits; {@code generation} is not 0; of a
 * device {@code sizeLow} and {@code sizeHigh} are its numbers, since its size is 0.
 *
 * <pre>
 *       0       2       4       6       8
 *    0 | head                          |
 *    8 | mode  | links | blocks        |
 *   16 | sizeLow       | high  | vers. |
 *   24 | uid           | gid           |
 *   32 | accessTime                    |
 *   40 | modifyTime                    |
 *   48 | changeTime                    |
 *   56 | birthTime                     |
 * </pre>
 *
 * <p>Little-endian. The table with the meaning of each field stands in docs/on-disk-format.md.
 */
public final class InodeValue {

  /** Bytes of a value: what the lock manager carries. */
  public static final int LENGTH = 64;

  /** Offset of head: layout (upper 4 bits), flags (4 bits), generation (56 bits). */
  public static final int HEAD_OFFSET = 0;

  /** Offset of mode. */
  public static final int MODE_OFFSET = 8;

  /** Offset of linkCount. */
  public static final int LINK_COUNT_OFFSET = 10;

  /** Offset of blocks. */
  public static final int BLOCKS_OFFSET = 12;

  /** Offset of sizeLow: lower 32 bits of the size; of a device its minor number. */
  public static final int SIZE_LOW_OFFSET = 16;

  /** Offset of sizeHigh: upper 16 bits of the size; of a device its major number. */
  public static final int SIZE_HIGH_OFFSET = 20;

  /** Offset of version: lower 16 bits of the version of the inode's block. */
  public static final int VERSION_OFFSET = 22;

  /** Offset of uid. */
  public static final int UID_OFFSET = 24;

  /** Offset of gid. */
  public static final int GID_OFFSET = 28;

  /** Offset of accessTime: seconds (upper 34 bits, signed), nanoseconds (30 bits); all times so. */
  public static final int ACCESS_TIME_OFFSET = 32;

  /** Offset of modifyTime. */
  public static final int MODIFY_TIME_OFFSET = 40;

  /** Offset of changeTime. */
  public static final int CHANGE_TIME_OFFSET = 48;

  /** Offset of birthTime. */
  public static final int BIRTH_TIME_OFFSET = 56;

  private static final long LAYOUT = 1L << 60;
  private static final long XATTRS = 1L << 56;
  private static final long GENERATION = (1L << 56) - 1;

  private static final int SIZE_BITS = 48;
  private static final int SECONDS_BITS = 34;
  private static final int NANOS_BITS = 30;

  private static final int TYPE = 0170000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final int BLOCK_DEVICE = 0060000;

  private InodeValue() {}

  /** The value of an inode's block, or null where something in it is too large for one. */
  public static byte[] pack(ByteBuffer block) {
    long generation = InodeBlock.generation(block);
    int mode = InodeBlock.mode(block);
    int links = InodeBlock.linkCount(block);
    long blocks = InodeBlock.blocks(block);
    boolean device = isDevice(mode);
    long size = InodeBlock.size(block);
    int major = InodeBlock.rdevMajor(block);
    int minor = InodeBlock.rdevMinor(block);
    boolean fits =
        generation != 0
            && InodeBlock.flags(block) == 0
            && (generation & ~GENERATION) == 0
            && (mode & ~0xFFFF) == 0
            && (links & ~0xFFFF) == 0
            && blocks >>> Integer.SIZE == 0
            && size >>> SIZE_BITS == 0
            && (device ? size == 0 && (major & ~0xFFFF) == 0 : major == 0 && minor == 0);
    ByteBuffer value = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    fits &=
        putTime(
            value, InodeBlock.accessTime(block), InodeBlock.accessNanos(block), ACCESS_TIME_OFFSET);
    fits &=
        putTime(
            value, InodeBlock.modifyTime(block), InodeBlock.modifyNanos(block), MODIFY_TIME_OFFSET);
    fits &=
        putTime(
            value, InodeBlock.changeTime(block), InodeBlock.changeNanos(block), CHANGE_TIME_OFFSET);
    fits &=
        putTime(
            value, InodeBlock.birthTime(block), InodeBlock.birthNanos(block), BIRTH_TIME_OFFSET);
    if (!fits) {
      return null;
    }
    boolean xattrs = InodeBlock.xattrBlock(block) != 0;
    value.putLong(HEAD_OFFSET, LAYOUT | (xattrs ? XATTRS : 0) | generation);
    value.putShort(MODE_OFFSET, (short) mode);
    value.putShort(LINK_COUNT_OFFSET, (short) links);
    value.putInt(BLOCKS_OFFSET, (int) blocks);
    value.putInt(SIZE_LOW_OFFSET, device ? minor : (int) size);
    value.putShort(SIZE_HIGH_OFFSET, (short) (device ? major : size >>> Integer.SIZE));
    value.putShort(VERSION_OFFSET, (short) BlockHeader.version(block));
    value.putInt(UID_OFFSET, InodeBlock.uid(block));
    value.putInt(GID_OFFSET, InodeBlock.gid(block));
    return value.array();
  }

  private static boolean putTime(ByteBuffer value, long seconds, int nanos, int at) {
    int spare = Long.SIZE - SECONDS_BITS;
    value.putLong(at, seconds << NANOS_BITS | nanos);
    return seconds << spare >> spare == seconds && nanos >>> NANOS_BITS == 0;
  }

  /** Whether bytes are a value of the layout that this program knows. */
  public static boolean isValid(byte[] value) {
    if (value.length != LENGTH) {
      return false;
    }
    long head = view(value).getLong(HEAD_OFFSET);
    return (head & ~XATTRS & ~GENERATION) == LAYOUT && (head & GENERATION) != 0;
  }

  /** Whether a value tells just what a block does: the block is the state that was told. */
  public static boolean tells(byte[] value, ByteBuffer block) {
    return Arrays.equals(value, pack(block));
  }

  /** Whether the inode has extended attributes; the value is valid. */
  public static boolean hasXattrs(byte[] value) {
    return (view(value).getLong(HEAD_OFFSET) & XATTRS) != 0;
  }

  /**
   * The attributes of a valid value at the offsets of {@link InodeBlock}, up to the body: without
   * the block's header, and with zero for whatever stat(2) does not tell.
   */
  public static ByteBuffer unpack(byte[] value) {
    ByteBuffer from = view(value);
    ByteBuffer to = ByteBuffer.allocate(InodeBlock.BODY_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    int mode = Short.toUnsignedInt(from.getShort(MODE_OFFSET));
    int low = from.getInt(SIZE_LOW_OFFSET);
    int high = Short.toUnsignedInt(from.getShort(SIZE_HIGH_OFFSET));
    InodeBlock.generation(to, from.getLong(HEAD_OFFSET) & GENERATION);
    InodeBlock.mode(to, mode);
    InodeBlock.linkCount(to, Short.toUnsignedInt(from.getShort(LINK_COUNT_OFFSET)));
    InodeBlock.blocks(to, Integer.toUnsignedLong(from.getInt(BLOCKS_OFFSET)));
    if (isDevice(mode)) {
      InodeBlock.rdevMajor(to, high);
      InodeBlock.rdevMinor(to, low);
    } else {
      InodeBlock.size(to, (long) high << Integer.SIZE | Integer.toUnsignedLong(low));
    }
    InodeBlock.uid(to, from.getInt(UID_OFFSET));
    InodeBlock.gid(to, from.getInt(GID_OFFSET));
    InodeBlock.accessTime(to, seconds(from, ACCESS_TIME_OFFSET));
    InodeBlock.accessNanos(to, nanos(from, ACCESS_TIME_OFFSET));
    InodeBlock.modifyTime(to, seconds(from, MODIFY_TIME_OFFSET));
    InodeBlock.modifyNanos(to, nanos(from, MODIFY_TIME_OFFSET));
    InodeBlock.changeTime(to, seconds(from, CHANGE_TIME_OFFSET));
    InodeBlock.changeNanos(to, nanos(from, CHANGE_TIME_OFFSET));
    InodeBlock.birthTime(to, seconds(from, BIRTH_TIME_OFFSET));
    InodeBlock.birthNanos(to, nanos(from, BIRTH_TIME_OFFSET));
    return to;
  }

  private static long seconds(ByteBuffer value, int at) {
    return value.getLong(at) >> NANOS_BITS;
  }

  private static int nanos(ByteBuffer value, int at) {
    return (int) value.getLong(at) & (1 << NANOS_BITS) - 1;
  }

  private static boolean isDevice(int mode) {
    return (mode & TYPE) == CHARACTER_DEVICE || (mode & TYPE) == BLOCK_DEVICE;
  }

  private static ByteBuffer view(byte[] value) {
    return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
  }
}
