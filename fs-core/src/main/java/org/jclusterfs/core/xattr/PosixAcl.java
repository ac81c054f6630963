package org.jclusterfs.core.xattr;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A POSIX access control list (withdrawn draft POSIX.1e 17, acl(5)) as the kernel hands it over in
 * an extended attribute. Immutable. Who may do what by it is decided by the kernel; here it is kept
 * in step with the file mode and inherited.
 *
 * <pre>
 *  0 | version = 2 (4) |             little-endian
 *  4 | tag (2) | permissions (2) | id (4) |   for each entry
 * </pre>
 */
public final class PosixAcl {

  /** Attribute that holds the list by which access is decided. */
  public static final String ACCESS = "system.posix_acl_access";

  /** Attribute that holds the list that a directory's new entries get. */
  public static final String DEFAULT = "system.posix_acl_default";

  /** Longest list in bytes that the kernel reads of a FUSE filesystem: a page, 511 entries. */
  public static final int MAX_LENGTH = 4096;

  private static final int VERSION = 2;
  private static final int HEADER_LENGTH = 4;
  private static final int ENTRY_LENGTH = 8;

  private static final int USER_OBJ = 0x01;
  private static final int USER = 0x02;
  private static final int GROUP_OBJ = 0x04;
  private static final int GROUP = 0x08;
  private static final int MASK = 0x10;
  private static final int OTHER = 0x20;

  private static final int RWX = 7;
  private static final int USER_SHIFT = 6;
  private static final int GROUP_SHIFT = 3;

  /** One entry: whom it is for, bits 4 read, 2 write, 1 execute, and the user's or group's id. */
  private record Entry(int tag, int permissions, int id) {

    Entry with(int changed) {
      return new Entry(tag, changed & RWX, id);
    }

    boolean isNamed() {
      return tag == USER || tag == GROUP;
    }
  }

  private final List<Entry> entries;

  private PosixAcl(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** Whether a name is that of an access or default ACL. */
  public static boolean isName(byte[] name) {
    String text = new String(name, StandardCharsets.ISO_8859_1);
    return text.equals(ACCESS) || text.equals(DEFAULT);
  }

  /**
   * Reads a list.
   *
   * @throws IllegalArgumentException where it is none that acl_valid(3) would let pass, or too long
   */
  public static PosixAcl parse(byte[] bytes) {
    if (bytes.length < HEADER_LENGTH
        || bytes.length > MAX_LENGTH
        || (bytes.length - HEADER_LENGTH) % ENTRY_LENGTH != 0) {
      throw new IllegalArgumentException("an ACL of " + bytes.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt() != VERSION) {
      throw new IllegalArgumentException("an ACL of another version than " + VERSION);
    }
    List<Entry> entries = new ArrayList<>();
    while (in.hasRemaining()) {
      entries.add(
          new Entry(
              Short.toUnsignedInt(in.getShort()), Short.toUnsignedInt(in.getShort()), in.getInt()));
    }
    PosixAcl acl = new PosixAcl(entries);
    acl.check();
    return acl;
  }

  /** One entry each for owner, group and others; a mask where somebody is named; in order. */
  private void check() {
    int last = 0;
    int seen = 0;
    Set<Long> named = new HashSet<>();
    for (Entry entry : entries) {
      boolean known = Integer.bitCount(entry.tag) == 1 && entry.tag <= OTHER;
      boolean again = entry.tag == last && !entry.isNamed();
      boolean twice =
          entry.isNamed() && !named.add((long) entry.tag << 32 | entry.id & 0xffff_ffffL);
      if (!known || entry.tag < last || again || twice || (entry.permissions & ~RWX) != 0) {
        throw new IllegalArgumentException("an ACL with a wrong, double or misplaced entry");
      }
      last = entry.tag;
      seen |= entry.tag;
    }
    int needed = USER_OBJ | GROUP_OBJ | OTHER | (named.isEmpty() ? 0 : MASK);
    if ((seen & needed) != needed) {
      throw new IllegalArgumentException("an ACL without one of the entries that it needs");
    }
  }

  /** The list as the attribute's value. */
  public byte[] bytes() {
    ByteBuffer out =
        ByteBuffer.allocate(HEADER_LENGTH + ENTRY_LENGTH * entries.size())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(VERSION);
    for (Entry entry : entries) {
      out.putShort((short) entry.tag).putShort((short) entry.permissions).putInt(entry.id);
    }
    return out.array();
  }

  /** Whether the permission bits of a mode say all that this list says. */
  public boolean isMode() {
    return entries.stream().noneMatch(entry -> entry.isNamed() || entry.tag == MASK);
  }

  /** Tag of the entry that the group's bits of the mode stand for: the mask where there is one. */
  private int groupClass() {
    return entries.stream().anyMatch(entry -> entry.tag == MASK) ? MASK : GROUP_OBJ;
  }

  /** The permission bits, rwx three times, by this list. */
  public int permissions() {
    int group = groupClass();
    int mode = 0;
    for (Entry entry : entries) {
      if (entry.tag == USER_OBJ) {
        mode |= entry.permissions << USER_SHIFT;
      } else if (entry.tag == group) {
        mode |= entry.permissions << GROUP_SHIFT;
      } else if (entry.tag == OTHER) {
        mode |= entry.permissions;
      }
    }
    return mode;
  }

  /** This list after chmod(2) to {@code mode}. */
  public PosixAcl changedTo(int mode) {
    return byClasses(mode, false);
  }

  /**
   * This default ACL as the access ACL of a new file that is made with {@code mode}: nobody gets
   * more than that grants. The umask plays no part.
   */
  public PosixAcl inheritedWith(int mode) {
    return byClasses(mode, true);
  }

  private PosixAcl byClasses(int mode, boolean restricting) {
    int group = groupClass();
    List<Entry> changed = new ArrayList<>();
    for (Entry entry : entries) {
      int shift =
          entry.tag == USER_OBJ
              ? USER_SHIFT
              : entry.tag == group ? GROUP_SHIFT : entry.tag == OTHER ? 0 : -1;
      int bits = restricting ? entry.permissions & mode >> shift : mode >> shift;
      changed.add(shift < 0 ? entry : entry.with(bits));
    }
    return new PosixAcl(changed);
  }
}
