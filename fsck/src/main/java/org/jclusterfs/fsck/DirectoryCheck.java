package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;

/**
 * Checks the tree and the names of one directory, and shows each name to a visitor.
 *
 * <p>Up to {@link #REMEMBERED} names are kept from the first reading; a larger directory is read
 * twice, unless it is out of order, when the names of all have to be compared. What a repair
 * changes is remembered by the place of the name in that order, and the tree is built anew later.
 */
final class DirectoryCheck {
  private static final int REMEMBERED = 50_000;

  /** A name as a leaf holds it. */
  record Entry(long cookie, long inode, int type, byte[] name) implements TreeBuilder.Item {
    String text() {
      return new String(name, StandardCharsets.UTF_8);
    }

    Entry withCookie(long other) {
      return new Entry(other, inode, type, name);
    }

    @Override
    public long key() {
      return cookie;
    }

    @Override
    public int length() {
      return DirectoryEntry.length(name.length);
    }

    @Override
    public void put(ByteBuffer block, int at) {
      DirectoryEntry.cookie(block, at, cookie);
      DirectoryEntry.inode(block, at, inode);
      DirectoryEntry.type(block, at, type);
      DirectoryEntry.nameLength(block, at, name.length);
      block.put(at + DirectoryEntry.NAME_OFFSET, name);
    }
  }

  /** Judges where a name leads, and counts it. */
  interface Follower {
    /** The entry as it is to be: the same, another one, or null where it goes. */
    Entry follow(DirectoryCheck directory, Entry entry) throws IOException;
  }

  private final Check check;
  private final InodeInfo directory;
  private final Follower follower;
  private final TreeReader tree;
  private final Map<Long, Entry> changes = new HashMap<>();
  private List<Entry> entries = new ArrayList<>();
  private long count;
  private long last = -1;
  private boolean disordered;
  private boolean hashed = true;
  private boolean rebuild;

  // Names that another one may equal: of the same hash, or where the order cannot be trusted, all.
  private final Set<String> names = new HashSet<>();
  private long namesHash = -1;

  DirectoryCheck(Check check, InodeInfo directory, Follower follower) {
    this.check = check;
    this.directory = directory;
    this.follower = follower;
    this.tree = new TreeReader(check, directory, DirectoryEntry.MAGIC, this::leaf);
  }

  InodeInfo directory() {
    return directory;
  }

  /**
   * Checks, and corrects the counters in {@code inodeBlock}.
   *
   * @param otherBlocks blocks of the inode beside its tree
   * @return blocks of the tree, or −1 where it will be built anew and counted then
   */
  long run(ByteBuffer inodeBlock, long otherBlocks) throws IOException {
    tree.read(inodeBlock);
    if (disordered
        && check.report.fix(Problem.DIRECTORY_ORDER_WRONG, directory.number, directory.path())) {
      rebuild = true;
    }
    follow(inodeBlock);
    checkParent(inodeBlock);
    if (rebuild || tree.rebuild) {
      check.rebuilds.add(this::rebuild);
      return -1;
    }
    long size = (long) BlockHeader.BLOCK_SIZE * Math.max(1, tree.nodes.size());
    if (!tree.damaged
        && InodeBlock.size(inodeBlock) != size
        && check.report.fix(
            Problem.DIRECTORY_SIZE_WRONG,
            directory.number,
            directory.path(),
            InodeBlock.size(inodeBlock),
            size)) {
      InodeBlock.size(inodeBlock, size);
    }
    long found = InodeBlock.entries(inodeBlock);
    if (!tree.damaged
        && found != count
        && check.report.fix(
            Problem.ENTRY_COUNT_WRONG, directory.number, directory.path(), found, count)) {
      InodeBlock.entries(inodeBlock, count);
    }
    return tree.nodes.size();
  }

  private String leaf(ByteBuffer block, int base, long lower, long upper) throws IOException {
    return DirectoryNames.leaf(
        block,
        base,
        entry -> {
          disordered |= entry.cookie() <= last || entry.cookie() < lower || entry.cookie() >= upper;
          last = entry.cookie();
          hashed &= matches(entry);
          count++;
          if (count <= REMEMBERED) {
            entries.add(entry);
          } else {
            entries = null;
          }
        });
  }

  private boolean matches(Entry entry) {
    return NameHash.matches(entry.cookie(), check.hash.hash(entry.name()));
  }

  private void follow(ByteBuffer inodeBlock) throws IOException {
    long[] place = {0};
    DirectoryNames.Visitor each =
        entry -> {
          Entry changed = check(entry);
          if (changed != entry) {
            changes.put(place[0], changed);
          }
          place[0]++;
        };
    if (entries != null) {
      for (Entry entry : entries) {
        each.entry(entry);
      }
      entries = null;
    } else {
      DirectoryNames.peek(check, directory.number, inodeBlock, each);
    }
    names.clear();
  }

  private Entry check(Entry found) throws IOException {
    if (!valid(found.name()) && fix(Problem.ENTRY_INVALID, found)) {
      return null;
    }
    if (!matches(found)) {
      // The builder finds the right cookie.
      fix(Problem.ENTRY_HASH_WRONG, found);
    }
    Entry entry = found;
    if (isDouble(entry) && fix(Problem.ENTRY_DUPLICATE, entry)) {
      entry = renamed(entry);
    }
    return follower.follow(this, entry);
  }

  private boolean isDouble(Entry entry) {
    long hash = entry.cookie() >>> NameHash.COLLISION_BITS;
    if (!disordered && hashed && hash != namesHash) {
      names.clear();
      namesHash = hash;
    }
    return !names.add(key(entry.name()));
  }

  private static String key(byte[] name) {
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  private static boolean valid(byte[] name) {
    for (byte b : name) {
      if (b == 0 || b == '/') {
        return false;
      }
    }
    return name.length > 0
        && !(name[0] == '.' && (name.length == 1 || name.length == 2 && name[1] == '.'));
  }

  /**
   * Reports a problem of an entry.
   *
   * @param more arguments behind the directory's number and path and the name
   * @return whether it is to be repaired: the directory is built anew then
   */
  boolean fix(Problem problem, Entry entry, Object... more) {
    Object[] arguments = new Object[3 + more.length];
    arguments[0] = directory.number;
    arguments[1] = directory.path();
    arguments[2] = entry.text();
    System.arraycopy(more, 0, arguments, 3, more.length);
    return rebuilt(check.report.fix(problem, arguments));
  }

  /** Notes that a repair, if it is one, changes entries. */
  boolean rebuilt(boolean fix) {
    rebuild |= fix;
    return fix;
  }

  private Entry renamed(Entry entry) throws IOException {
    ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
    Set<String> taken = new HashSet<>();
    changes.values().stream().filter(e -> e != null).forEach(e -> taken.add(key(e.name())));
    DirectoryNames.peek(check, directory.number, block, other -> taken.add(key(other.name())));
    byte[] name = freeName(entry.name(), taken);
    return new Entry(check.hash.cookie(name), entry.inode(), entry.type(), name);
  }

  /** A name like another one, with "~" and a number behind it, that is not taken. */
  static byte[] freeName(byte[] like, Set<String> taken) {
    for (int n = 1; ; n++) {
      byte[] suffix = ("~" + n).getBytes(StandardCharsets.US_ASCII);
      int length = Math.min(like.length, DirectoryEntry.MAX_NAME_LENGTH - suffix.length);
      byte[] name = Arrays.copyOf(like, length + suffix.length);
      System.arraycopy(suffix, 0, name, length, suffix.length);
      if (!taken.contains(key(name))) {
        return name;
      }
    }
  }

  private void checkParent(ByteBuffer inodeBlock) {
    if (directory.linkCount() == 0 && directory.isSystem()) {
      return; // it was deleted, with the directory that it was in perhaps
    }
    long parent = directory.parent() == 0 ? directory.number : directory.parent();
    long found = InodeBlock.parent(inodeBlock);
    if (found != parent
        && check.report.fix(
            Problem.PARENT_WRONG, directory.number, directory.path(), found, parent)) {
      InodeBlock.parent(inodeBlock, parent);
    }
  }

  /** Builds the tree anew; nothing has changed the old one since it was checked. */
  private void rebuild() throws IOException {
    ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
    List<Entry> kept = new ArrayList<>();
    long[] place = {0};
    DirectoryNames.peek(
        check,
        directory.number,
        block,
        entry -> {
          Entry now = changes.containsKey(place[0]) ? changes.get(place[0]) : entry;
          if (now != null) {
            kept.add(now);
          }
          place[0]++;
        });
    new DirectoryBuilder(check, directory.number).rebuild(kept, tree.nodes);
  }
}
