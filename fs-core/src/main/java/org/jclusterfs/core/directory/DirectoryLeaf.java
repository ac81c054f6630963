package org.jclusterfs.core.directory;

import java.nio.ByteBuffer;
import org.jclusterfs.core.directory.DirectoryTree.Entry;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.inode.LeafRules;
import org.jclusterfs.core.inode.TreeNode;
import org.jclusterfs.core.txn.DamagedBlockException;

/** Leaves of directory trees: entries of variable length, one behind the other. */
final class DirectoryLeaf implements LeafRules {
  static final DirectoryLeaf RULES = new DirectoryLeaf();

  private DirectoryLeaf() {}

  @Override
  public int magic() {
    return DirectoryEntry.MAGIC;
  }

  @Override
  public int layout() {
    return InodeBlock.LAYOUT_DIRECTORY;
  }

  @Override
  public long firstKey(TreeNode leaf) {
    return DirectoryEntry.cookie(leaf.buffer(), leaf.entries());
  }

  @Override
  public void check(TreeNode leaf, long low, long high) throws DamagedBlockException {
    int used = leaf.used();
    if (used < 0 || used > leaf.capacity()) {
      throw leaf.damaged("directory leaf with " + used + " bytes of entries");
    }
    ByteBuffer buffer = leaf.buffer();
    int at = leaf.entries();
    int end = at + used;
    long previous = Math.max(low, NameHash.FIRST_COOKIE) - 1;
    int count = 0;
    while (at < end) {
      int nameLength = end - at < DirectoryEntry.length(1) ? 0 : nameLength(buffer, at);
      int length = DirectoryEntry.length(nameLength);
      if (nameLength == 0 || length > end - at) {
        throw leaf.damaged("directory entry " + count + " does not fit");
      }
      long cookie = DirectoryEntry.cookie(buffer, at);
      if (cookie <= previous || cookie >= high && high != Long.MAX_VALUE) {
        throw leaf.damaged("cookie " + cookie + " out of order at entry " + count);
      }
      previous = cookie;
      at += length;
      count++;
    }
    if (count != leaf.count()) {
      throw leaf.damaged("directory leaf has " + count + " entries, not " + leaf.count());
    }
  }

  private static int nameLength(ByteBuffer buffer, int at) {
    return DirectoryEntry.nameLength(buffer, at);
  }

  /** Offset behind the last entry. */
  static int end(TreeNode leaf) {
    return leaf.entries() + leaf.used();
  }

  /** Offset of the entry behind the one at {@code at}. */
  static int after(TreeNode leaf, int at) {
    return at + DirectoryEntry.length(leaf.buffer(), at);
  }

  /** Offset of the first entry whose cookie is not lower; the leaf's end if there is none. */
  static int find(TreeNode leaf, long cookie) {
    int at = leaf.entries();
    int end = end(leaf);
    while (at < end && DirectoryEntry.cookie(leaf.buffer(), at) < cookie) {
      at = after(leaf, at);
    }
    return at;
  }

  static Entry get(TreeNode leaf, int at) {
    ByteBuffer buffer = leaf.buffer();
    return new Entry(
        DirectoryEntry.name(buffer, at),
        DirectoryEntry.inode(buffer, at),
        DirectoryEntry.type(buffer, at),
        DirectoryEntry.cookie(buffer, at));
  }

  static boolean hasRoomFor(TreeNode leaf, byte[] name) {
    return leaf.used() + DirectoryEntry.length(name.length) <= leaf.capacity();
  }

  /** Adds an entry at its place by cookie; there is room. */
  static void insert(TreeNode leaf, Entry entry) {
    int at = find(leaf, entry.cookie());
    int length = DirectoryEntry.length(entry.name().length);
    leaf.move(at, at + length, end(leaf) - at);
    DirectoryEntry.cookie(leaf.buffer(), at, entry.cookie());
    DirectoryEntry.inode(leaf.buffer(), at, entry.inode());
    DirectoryEntry.type(leaf.buffer(), at, entry.type());
    DirectoryEntry.name(leaf.buffer(), at, entry.name());
    leaf.count(leaf.count() + 1);
    leaf.used(leaf.used() + length);
  }

  static void remove(TreeNode leaf, int at) {
    int next = after(leaf, at);
    int end = end(leaf);
    leaf.move(next, at, end - next);
    leaf.clear(end - (next - at), next - at);
    leaf.count(leaf.count() - 1);
    leaf.used(leaf.used() - (next - at));
  }

  /** Moves the entries of the upper half, by bytes, to an empty leaf; neither is empty then. */
  static void split(TreeNode leaf, TreeNode right) {
    int end = end(leaf);
    int at = leaf.entries();
    int kept = 0;
    do {
      at = after(leaf, at);
      kept++;
    } while (at - leaf.entries() < leaf.used() / 2);
    byte[] moved = new byte[end - at];
    leaf.buffer().get(at, moved);
    right.buffer().put(right.entries(), moved);
    right.count(leaf.count() - kept);
    right.used(moved.length);
    leaf.clear(at, moved.length);
    leaf.count(kept);
    leaf.used(leaf.used() - moved.length);
  }
}
