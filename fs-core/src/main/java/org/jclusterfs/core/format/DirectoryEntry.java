package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * Entry of a directory leaf: a name. {@link #MAGIC} is that of a leaf with a block of its own.
 *
 * <p>Invariants: entries are sorted by cookie, without gaps between them; cookies are unique within
 * a directory and never below {@link NameHash#FIRST_COOKIE}.
 *
 * <pre>
 *       0               4               8
 *    0 | cookie                        |
 *    8 | inode                         |
 *   16 | type | nameLength |                       |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are relative to {@code base}. The
 * table with the meaning of each field stands in docs/on-disk-format.md.
 */
public final class DirectoryEntry {

  /** JCDL, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'D' << 16 | 'L' << 24;

  /** Offset of cookie. */
  public static final int COOKIE_OFFSET = 0;

  /** Offset of inode. */
  public static final int INODE_OFFSET = 8;

  /** Offset of type. */
  public static final int TYPE_OFFSET = 16;

  /** Offset of nameLength. */
  public static final int NAME_LENGTH_OFFSET = 17;

  /** Offset of the name's bytes. */
  public static final int NAME_OFFSET = 18;

  /** Bytes that a name may have. */
  public static final int MAX_NAME_LENGTH = 255;

  /** {@link #type} of a fifo. */
  public static final int DT_FIFO = 1;

  /** {@link #type} of a character device. */
  public static final int DT_CHR = 2;

  /** {@link #type} of a directory. */
  public static final int DT_DIR = 4;

  /** {@link #type} of a block device. */
  public static final int DT_BLK = 6;

  /** {@link #type} of a regular file. */
  public static final int DT_REG = 8;

  /** {@link #type} of a symbolic link. */
  public static final int DT_LNK = 10;

  /** {@link #type} of a socket. */
  public static final int DT_SOCK = 12;

  private DirectoryEntry() {}

  /** Hash of the name and a number that tells equal hashes apart. */
  public static long cookie(ByteBuffer block, int base) {
    return block.getLong(base + COOKIE_OFFSET);
  }

  /** Sets cookie. */
  public static void cookie(ByteBuffer block, int base, long value) {
    block.putLong(base + COOKIE_OFFSET, value);
  }

  /** Number of the inode that the name leads to. */
  public static long inode(ByteBuffer block, int base) {
    return block.getLong(base + INODE_OFFSET);
  }

  /** Sets inode. */
  public static void inode(ByteBuffer block, int base, long value) {
    block.putLong(base + INODE_OFFSET, value);
  }

  /** DT_* value of readdir(3). */
  public static int type(ByteBuffer block, int base) {
    return Byte.toUnsignedInt(block.get(base + TYPE_OFFSET));
  }

  /** Sets type. */
  public static void type(ByteBuffer block, int base, int value) {
    block.put(base + TYPE_OFFSET, (byte) value);
  }

  /** Bytes of the name: 1–255. */
  public static int nameLength(ByteBuffer block, int base) {
    return Byte.toUnsignedInt(block.get(base + NAME_LENGTH_OFFSET));
  }

  /** Sets nameLength. */
  public static void nameLength(ByteBuffer block, int base, int value) {
    block.put(base + NAME_LENGTH_OFFSET, (byte) value);
  }

  /** The name. */
  public static byte[] name(ByteBuffer block, int base) {
    return Fields.bytes(block, base + NAME_OFFSET, nameLength(block, base));
  }

  /** Whether the entry has this name. */
  public static boolean nameEquals(ByteBuffer block, int base, byte[] name) {
    if (nameLength(block, base) != name.length) {
      return false;
    }
    for (int i = 0; i < name.length; i++) {
      if (block.get(base + NAME_OFFSET + i) != name[i]) {
        return false;
      }
    }
    return true;
  }

  /** Writes the name, its length and the padding. */
  public static void name(ByteBuffer block, int base, byte[] name) {
    if (name.length == 0 || name.length > MAX_NAME_LENGTH) {
      throw new IllegalArgumentException("name of " + name.length + " bytes");
    }
    nameLength(block, base, name.length);
    block.put(base + NAME_OFFSET, name);
    for (int i = NAME_OFFSET + name.length; i < length(name.length); i++) {
      block.put(base + i, (byte) 0);
    }
  }

  /** Bytes that an entry with a name of this length takes, padding included. */
  public static int length(int nameLength) {
    return NAME_OFFSET + nameLength + 7 & ~7;
  }

  /** Bytes that the entry at {@code base} takes, padding included. */
  public static int length(ByteBuffer block, int base) {
    return length(nameLength(block, base));
  }

  /** The type of an entry for an inode of this st_mode; 0 (unknown) where the mode has no type. */
  public static int typeOf(int mode) {
    return mode >> 12 & 15;
  }
}
