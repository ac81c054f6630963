package org.jclusterfs.core.inode;

import java.nio.ByteBuffer;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetaBlock;

/**
 * One node of a tree: the root in an inode's body or a block of its own, seen alike. A view: it
 * holds nothing of the content. Changes of it are announced to the transaction by the caller.
 */
public final class TreeNode {
  private final MetaBlock block;
  private final ByteBuffer buffer;
  private final int base;

  private TreeNode(MetaBlock block, int base) {
    this.block = block;
    this.buffer = block.buffer();
    this.base = base;
  }

  static TreeNode root(MetaBlock inode) {
    return new TreeNode(inode, InodeBlock.BODY_OFFSET);
  }

  static TreeNode inBlock(MetaBlock block) {
    return new TreeNode(block, NodeHeader.BLOCK_BASE);
  }

  /** The block that the node lies in. */
  public MetaBlock block() {
    return block;
  }

  /** Content of that block. */
  public ByteBuffer buffer() {
    return buffer;
  }

  /** Address of that block. */
  public long address() {
    return block.address();
  }

  /** Whether this is the root, in the inode's body. */
  public boolean isRoot() {
    return base == InodeBlock.BODY_OFFSET;
  }

  /** 0 for a leaf. */
  public int level() {
    return NodeHeader.level(buffer, base);
  }

  void level(int value) {
    NodeHeader.level(buffer, base, value);
  }

  /** Number of entries. */
  public int count() {
    return NodeHeader.count(buffer, base);
  }

  /** Sets the number of entries. */
  public void count(int value) {
    NodeHeader.count(buffer, base, value);
  }

  /** Bytes of entries, in leaves with entries of variable length. */
  public int used() {
    return NodeHeader.used(buffer, base);
  }

  /** Sets the bytes of entries. */
  public void used(int value) {
    NodeHeader.used(buffer, base, value);
  }

  /** Offset in the block where entries begin. */
  public int entries() {
    return base + NodeHeader.LENGTH;
  }

  /** Bytes that there is room for in entries. */
  public int capacity() {
    return isRoot() ? NodeHeader.ROOT_CAPACITY : NodeHeader.BLOCK_CAPACITY;
  }

  /** Offset of an entry of fixed length; index entries and extents are alike in that. */
  int at(int index) {
    return IndexEntry.at(base, index);
  }

  /** Entries of fixed length that there is room for. */
  int maxCount() {
    return capacity() / IndexEntry.LENGTH;
  }

  /** First field of an entry of fixed length: what the entries are sorted by. */
  long key(int index) {
    return IndexEntry.key(buffer, at(index));
  }

  void key(int index, long value) {
    IndexEntry.key(buffer, at(index), value);
  }

  long child(int index) {
    return IndexEntry.child(buffer, at(index));
  }

  /** Position of the last entry whose key is not above {@code key}; −1 if all are above it. */
  int search(long key) {
    int low = 0;
    int high = count() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (key(middle) <= key) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high;
  }

  /** Position of the child of an index node that keys like {@code key} are in. */
  int childFor(long key) {
    return Math.max(search(key), 0);
  }

  /** Makes room or closes it: the entries from {@code from} on move to {@code to}. */
  void moveEntries(int from, int to) {
    int count = count();
    move(at(from), at(to), at(count) - at(from));
    for (int i = count - from + to; i < count; i++) {
      clear(at(i), IndexEntry.LENGTH);
    }
    count(count - from + to);
  }

  /** Moves bytes within the block; the ranges may overlap. */
  public void move(int from, int to, int length) {
    if (length > 0 && from != to) {
      byte[] bytes = new byte[length];
      buffer.get(from, bytes);
      buffer.put(to, bytes);
    }
  }

  /** Zeroes bytes: nothing stale stays behind the entries. */
  public void clear(int from, int length) {
    buffer.put(from, new byte[length]);
  }

  /** Makes it an empty leaf. */
  void reset() {
    NodeHeader.initialise(buffer, base, 0);
    clear(entries(), capacity());
  }

  void putChild(int index, long key, long child) {
    clear(at(index), IndexEntry.LENGTH);
    IndexEntry.key(buffer, at(index), key);
    IndexEntry.child(buffer, at(index), child);
  }

  /** The failure that names this node. */
  public DamagedBlockException damaged(String what) {
    return new DamagedBlockException(address(), "tree node: " + what);
  }
}
