package org.jclusterfs.core.directory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.ToLongFunction;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.inode.BlockTree;
import org.jclusterfs.core.inode.Removal;
import org.jclusterfs.core.inode.TreeNode;
import org.jclusterfs.core.inode.TreePath;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;

/**
 * The names of a directory: a B+ tree ordered by cookie whose root lies in the inode's body (layout
 * 3). "." and ".." are not in it.
 *
 * <p>Holds no state beside the blocks, so that any number may be made for an inode. Used with the
 * inode's lock held: by several threads at once to look, by one alone to change (EX). Changes keep
 * the inode's {@code entries}, {@code size}, {@code blocks} and {@code changeCount} right; its
 * times and link count are the caller's. Content that is damaged ends in a {@link
 * DamagedBlockException}; a call that breaks a rule of its method in an {@link
 * IllegalStateException}, before anything is changed.
 */
public final class DirectoryTree {

  /** Nodes that one removal frees at most, about: bounds its transaction. */
  private static final int FREED_AT_ONCE = 24;

  private final BlockTree tree;
  private final ToLongFunction<byte[]> hash;

  /** Sees entries in the order of their cookies. */
  @FunctionalInterface
  public interface Visitor {
    /** Whether the next one is wanted too. */
    boolean entry(Entry entry) throws IOException;
  }

  /**
   * A name in a directory.
   *
   * @param name raw bytes, 1–255 of them; not copied
   * @param inode number of the inode that it leads to
   * @param type DT_* value of readdir(3)
   * @param cookie its place in a listing, for as long as it exists
   */
  public record Entry(byte[] name, long inode, int type, long cookie) {

    @Override
    public String toString() {
      return new String(name, StandardCharsets.UTF_8) + " -> " + inode + " at " + cookie;
    }
  }

  /** An entry found: the leaf and where in it. */
  private record Place(TreeNode leaf, int offset) {}

  /**
   * Makes the view of a directory.
   *
   * @param scope that of the inode's lock
   * @param hashKey 16 bytes: the superblock's {@code hashKey}
   */
  public DirectoryTree(MetaBlock inode, LockScope scope, MetaStore store, byte[] hashKey) {
    this(inode, scope, store, nameHash(hashKey));
  }

  /** Makes the view of a directory; {@code hash} is the volume's. */
  public DirectoryTree(MetaBlock inode, LockScope scope, MetaStore store, NameHash hash) {
    this(inode, scope, store, hash::hash);
  }

  /** With a hash of at most 48 bits of the caller's own: tests want it weak. */
  DirectoryTree(MetaBlock inode, LockScope scope, MetaStore store, ToLongFunction<byte[]> hash) {
    this.tree = new BlockTree(inode, scope, store, DirectoryLeaf.RULES);
    this.hash = hash;
  }

  private static NameHash nameHash(byte[] key) {
    if (key.length != 2 * Long.BYTES) {
      throw new IllegalArgumentException("hash key of " + key.length + " bytes");
    }
    ByteBuffer halves = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
    return new NameHash(halves.getLong(0), halves.getLong(Long.BYTES));
  }

  /** Makes the body of an inode an empty directory of size 4096; what was in it is lost. */
  public static void initialise(Transaction tx, MetaBlock inode) {
    tx.modify(inode);
    BlockTree.initialise(inode, InodeBlock.LAYOUT_DIRECTORY);
    InodeBlock.entries(inode.buffer(), 0);
    InodeBlock.size(inode.buffer(), MetaStore.BLOCK_SIZE);
  }

  /** The entry of a name; null if it is not there. */
  public Entry lookup(byte[] name) throws IOException {
    Place place = place(name);
    return place == null ? null : DirectoryLeaf.get(place.leaf(), place.offset());
  }

  private Place place(byte[] name) throws IOException {
    long nameHash = hash.applyAsLong(name);
    long first = NameHash.cookie(nameHash, 0);
    TreePath path = tree.descend(first);
    do {
      TreeNode leaf = path.leaf();
      int end = DirectoryLeaf.end(leaf);
      for (int at = DirectoryLeaf.find(leaf, first); at < end; at = DirectoryLeaf.after(leaf, at)) {
        if (!NameHash.matches(DirectoryEntry.cookie(leaf.buffer(), at), nameHash)) {
          return null;
        }
        if (DirectoryEntry.nameEquals(leaf.buffer(), at, name)) {
          return new Place(leaf, at);
        }
      }
    } while (continues(path, nameHash) && tree.next(path));
    return null;
  }

  /** Whether names of this hash may be in the next leaf too. */
  private static boolean continues(TreePath path, long nameHash) {
    return path.high() <= NameHash.cookie(nameHash, NameHash.MAX_COLLISION);
  }

  /**
   * Adds a name.
   *
   * @param source gives what {@link #requireRoomFor} told, or {@link #nodesForInsert()} blocks
   * @throws IllegalStateException if the name is there already
   * @throws DirectoryFullException if 32768 names have its hash
   */
  public void insert(Transaction tx, BlockSource source, byte[] name, long inode, int type)
      throws IOException {
    if (name.length == 0 || name.length > DirectoryEntry.MAX_NAME_LENGTH) {
      throw new IllegalArgumentException("name of " + name.length + " bytes");
    }
    add(tx, source, new Entry(name, inode, type, freeCookie(name)));
  }

  /**
   * Refuses a name that {@link #insert} would refuse, and reads all that it will need: whoever
   * calls this before its transaction has nothing to fear from insert in it.
   *
   * @return blocks that insert may allocate: 0 where the name's leaf has room
   * @throws IllegalStateException if the name is there already
   * @throws DirectoryFullException if 32768 names have its hash
   */
  public int requireRoomFor(byte[] name) throws IOException {
    TreeNode leaf = tree.descend(freeCookie(name)).leaf();
    return DirectoryLeaf.hasRoomFor(leaf, name) ? 0 : nodesForInsert();
  }

  /** Adds an entry whose cookie is known to be free. */
  void add(Transaction tx, BlockSource source, Entry entry) throws IOException {
    TreePath path = tree.descend(entry.cookie());
    ByteBuffer attributes = tx.modify(tree.inode()).buffer();
    tree.lowerFirstKeys(tx, path, entry.cookie());
    put(tx, source, path, entry);
    InodeBlock.entries(attributes, InodeBlock.entries(attributes) + 1);
    changed();
  }

  /** The lowest cookie that no name of this hash has. */
  private long freeCookie(byte[] name) throws IOException {
    long nameHash = hash.applyAsLong(name);
    long first = NameHash.cookie(nameHash, 0);
    long free = first;
    TreePath path = tree.descend(first);
    do {
      TreeNode leaf = path.leaf();
      int end = DirectoryLeaf.end(leaf);
      for (int at = DirectoryLeaf.find(leaf, first); at < end; at = DirectoryLeaf.after(leaf, at)) {
        long cookie = DirectoryEntry.cookie(leaf.buffer(), at);
        if (!NameHash.matches(cookie, nameHash)) {
          return available(free, nameHash);
        }
        if (DirectoryEntry.nameEquals(leaf.buffer(), at, name)) {
          throw new IllegalStateException(
              "name is in directory "
                  + tree.inode().address()
                  + " already: "
                  + DirectoryLeaf.get(leaf, at));
        }
        if (cookie == free) {
          free++;
        }
      }
    } while (continues(path, nameHash) && tree.next(path));
    return available(free, nameHash);
  }

  private long available(long cookie, long nameHash) throws DirectoryFullException {
    // A negative one: the numbers of the highest hash ended where longs do.
    if (cookie < 0 || !NameHash.matches(cookie, nameHash)) {
      throw new DirectoryFullException(tree.inode().address());
    }
    return cookie;
  }

  private void put(Transaction tx, BlockSource source, TreePath path, Entry entry) {
    TreeNode leaf = path.leaf();
    tx.modify(leaf.block());
    if (DirectoryLeaf.hasRoomFor(leaf, entry.name())) {
      DirectoryLeaf.insert(leaf, entry);
    } else if (leaf.isRoot()) {
      // The new leaf has a little more room than the root had, which may be enough.
      put(tx, source, tree.grow(tx, source, path), entry);
    } else {
      TreeNode right = tree.allocateLeaf(tx, source);
      DirectoryLeaf.split(leaf, right);
      long firstKey = DirectoryLeaf.RULES.firstKey(right);
      DirectoryLeaf.insert(entry.cookie() < firstKey ? leaf : right, entry);
      tree.addLeaf(tx, source, path, firstKey, right);
    }
  }

  /**
   * Takes a name out. The tree keeps its nodes, empty ones too, until the directory is freed.
   *
   * @throws IllegalStateException if the name is not there
   */
  public void remove(Transaction tx, byte[] name) throws IOException {
    Place place = existing(name);
    ByteBuffer attributes = tree.inode().buffer();
    if (InodeBlock.entries(attributes) <= 0) {
      throw new DamagedBlockException(
          tree.inode().address(), "directory counts no names, but has some");
    }
    tx.modify(tree.inode());
    tx.modify(place.leaf().block());
    DirectoryLeaf.remove(place.leaf(), place.offset());
    InodeBlock.entries(attributes, InodeBlock.entries(attributes) - 1);
    changed();
  }

  /**
   * Makes a name lead to another inode; its cookie stays.
   *
   * @throws IllegalStateException if the name is not there
   */
  public void replace(Transaction tx, byte[] name, long inode, int type) throws IOException {
    Place place = existing(name);
    tx.modify(tree.inode());
    tx.modify(place.leaf().block());
    DirectoryEntry.inode(place.leaf().buffer(), place.offset(), inode);
    DirectoryEntry.type(place.leaf().buffer(), place.offset(), type);
    changed();
  }

  private Place existing(byte[] name) throws IOException {
    Place place = place(name);
    if (place == null) {
      throw new IllegalStateException("name is not in directory " + tree.inode().address());
    }
    return place;
  }

  private void changed() {
    ByteBuffer attributes = tree.inode().buffer();
    InodeBlock.changeCount(attributes, InodeBlock.changeCount(attributes) + 1);
  }

  /**
   * Shows the entries whose cookies are above one, in the order of their cookies.
   *
   * @param afterCookie 0 for all
   * @return whether all were shown; false if the visitor wanted no more
   */
  public boolean list(long afterCookie, Visitor visitor) throws IOException {
    if (afterCookie == Long.MAX_VALUE) {
      return true;
    }
    long first = Math.max(afterCookie + 1, NameHash.FIRST_COOKIE);
    TreePath path = tree.descend(first);
    do {
      TreeNode leaf = path.leaf();
      int end = DirectoryLeaf.end(leaf);
      for (int at = DirectoryLeaf.find(leaf, first); at < end; at = DirectoryLeaf.after(leaf, at)) {
        if (!visitor.entry(DirectoryLeaf.get(leaf, at))) {
          return false;
        }
      }
    } while (tree.next(path));
    return true;
  }

  /** Whether no name is in it. */
  public boolean isEmpty() {
    return entries() == 0;
  }

  /** Number of names in it. */
  public long entries() {
    return InodeBlock.entries(tree.inode().buffer());
  }

  /**
   * Upper bound of the tree blocks that one {@link #insert} allocates; n of them in a row, n ≤ 100,
   * allocate at most n times as many.
   */
  public int nodesForInsert() {
    // As for any tree; the root's content may have to be split when it has just moved down.
    return Math.max(tree.nodesForInsert(), 2);
  }

  /** Upper bound of the blocks that one insert, remove or replace logs, new nodes included. */
  public int blocksTouchedByInsert() {
    return 1 + tree.boundOfLevel() + nodesForInsert();
  }

  /**
   * Plans to free tree nodes of a directory that is freed, a bounded number of them: while the
   * removal is not {@link Removal#complete}, another one has to follow.
   *
   * @throws DamagedBlockException if there are names in the directory
   */
  public Removal planFreeAll() throws IOException {
    if (!isEmpty()) {
      throw new DamagedBlockException(
          tree.inode().address(), "directory to be freed has " + entries() + " names");
    }
    return tree.planFreeNodes(FREED_AT_ONCE);
  }
}
