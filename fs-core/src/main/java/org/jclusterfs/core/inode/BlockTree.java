package org.jclusterfs.core.inode;

import java.io.IOException;
import java.util.List;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;

/**
 * What extent and directory trees share: a B+ tree of blocks whose root lies in an inode's body;
 * the way down, growing at the root, splitting of index nodes, and the count of the inode's blocks.
 * Leaves are the business of the two trees.
 *
 * <p>Every node is checked when a way goes through it, so that damaged content whose checksum is
 * right ends in a {@link DamagedBlockException}: levels fall by one from parent to child, which
 * ends every loop.
 */
public final class BlockTree {

  /** No tree of a volume that can exist is deeper. */
  private static final int MAX_LEVEL = 10;

  private static final long MAX_ADDRESS = Long.MAX_VALUE / BlockHeader.BLOCK_SIZE;

  private final MetaBlock inode;
  private final LockScope scope;
  private final MetaStore store;
  private final LeafRules rules;

  /** Makes the tree in an inode's body; the inode's lock covers all its nodes. */
  public BlockTree(MetaBlock inode, LockScope scope, MetaStore store, LeafRules rules) {
    this.inode = inode;
    this.scope = scope;
    this.store = store;
    this.rules = rules;
  }

  /** Makes an inode's body an empty tree; the inode was announced to its transaction. */
  public static void initialise(MetaBlock inode, int layout) {
    InodeBlock.layout(inode.buffer(), layout);
    InodeBlock.bodyLength(inode.buffer(), 0);
    inode.buffer().put(InodeBlock.BODY_OFFSET, new byte[InodeBlock.BODY_LENGTH]);
  }

  /** The inode whose body holds the root. */
  public MetaBlock inode() {
    return inode;
  }

  LockScope scope() {
    return scope;
  }

  /** Level of the root, checked: 0 where the root is a leaf. */
  private int level() throws DamagedBlockException {
    int level = root().level();
    if (level > MAX_LEVEL) {
      throw new DamagedBlockException(inode.address(), "tree of level " + level);
    }
    return level;
  }

  /** The root; its level and content are not checked yet. */
  TreeNode root() throws DamagedBlockException {
    if (InodeBlock.layout(inode.buffer()) != rules.layout()) {
      throw new DamagedBlockException(
          inode.address(),
          "layout " + InodeBlock.layout(inode.buffer()) + " instead of " + rules.layout());
    }
    return TreeNode.root(inode);
  }

  /** The way to the leaf that {@code key} belongs in. */
  public TreePath descend(long key) throws IOException {
    TreePath path = new TreePath(level() + 1);
    path.set(0, checked(root(), path.depth() - 1, 0, Long.MAX_VALUE), 0, Long.MAX_VALUE);
    for (int depth = 0; depth < path.depth() - 1; depth++) {
      path.position(depth, path.node(depth).childFor(key));
      enter(path, depth);
    }
    return path;
  }

  /** Moves a way on to the next leaf; false if there is none. */
  public boolean next(TreePath path) throws IOException {
    for (int depth = path.depth() - 2; depth >= 0; depth--) {
      if (path.position(depth) + 1 < path.node(depth).count()) {
        path.position(depth, path.position(depth) + 1);
        for (int below = depth; below < path.depth() - 1; below++) {
          enter(path, below);
        }
        return true;
      }
    }
    return false;
  }

  /** Moves a way back to the leaf before; false if there is none. */
  boolean previous(TreePath path) throws IOException {
    for (int depth = path.depth() - 2; depth >= 0; depth--) {
      if (path.position(depth) > 0) {
        path.position(depth, path.position(depth) - 1);
        for (int below = depth; below < path.depth() - 1; below++) {
          enter(path, below);
          if (below + 1 < path.depth() - 1) {
            path.position(below + 1, path.node(below + 1).count() - 1);
          }
        }
        return true;
      }
    }
    return false;
  }

  private void enter(TreePath path, int depth) throws IOException {
    long low = path.lowOfChild(depth);
    long high = path.highOfChild(depth);
    path.set(depth + 1, child(path.node(depth), path.position(depth), low, high), low, high);
  }

  /** A child of an index node, read and checked. */
  TreeNode child(TreeNode parent, int position, long low, long high) throws IOException {
    return node(parent.child(position), parent.level() - 1, low, high);
  }

  /** A node in a block of its own, read and checked. */
  private TreeNode node(long address, int level, long low, long high) throws IOException {
    MetaBlock block = store.read(scope, address, magic(level));
    if (BlockHeader.owner(block.buffer()) != inode.address()) {
      throw new DamagedBlockException(
          address,
          "tree node of inode "
              + BlockHeader.owner(block.buffer())
              + " in the tree of inode "
              + inode.address());
    }
    return checked(TreeNode.inBlock(block), level, low, high);
  }

  /** A node that a removal planned to change; it was checked then. */
  TreeNode nodeAt(long address, int level) throws IOException {
    return address == inode.address()
        ? root()
        : TreeNode.inBlock(store.read(scope, address, magic(level)));
  }

  private int magic(int level) {
    return level == 0 ? rules.magic() : IndexEntry.MAGIC;
  }

  private TreeNode checked(TreeNode node, int level, long low, long high) throws IOException {
    if (node.level() != level) {
      throw node.damaged("level " + node.level() + " where " + level + " belongs");
    }
    if (level == 0) {
      rules.check(node, low, high);
      return node;
    }
    int count = node.count();
    if (count == 0 || count > node.maxCount()) {
      throw node.damaged("index node of " + count + " entries");
    }
    long previous = -1;
    for (int i = 0; i < count; i++) {
      long key = node.key(i);
      if (key <= previous || key < low && i > 0 || key >= high && high != Long.MAX_VALUE) {
        throw node.damaged("key " + key + " out of order at entry " + i);
      }
      if (node.child(i) <= 0 || node.child(i) > MAX_ADDRESS) {
        throw node.damaged("child " + node.child(i) + " at entry " + i);
      }
      previous = key;
    }
    return node;
  }

  /** Upper bound of the nodes that adding one entry allocates, if a leaf splits at most once. */
  public int nodesForInsert() {
    // Every level below the root may split; the root itself moves down at most once.
    return boundOfLevel() + 1;
  }

  /** Level of the root for bounds: what is damaged is found by whoever goes down. */
  public int boundOfLevel() {
    return Math.min(TreeNode.root(inode).level(), MAX_LEVEL);
  }

  /** Allocates a node; the inode counts it. */
  TreeNode allocate(Transaction tx, BlockSource source, int level) {
    MetaBlock block = source.allocate(tx, scope, magic(level), inode.address());
    tx.modify(inode);
    TreeNode node = TreeNode.inBlock(block);
    NodeHeader.initialise(block.buffer(), NodeHeader.BLOCK_BASE, level);
    countNodes(1);
    return node;
  }

  /** Allocates a leaf; the inode counts it. */
  public TreeNode allocateLeaf(Transaction tx, BlockSource source) {
    return allocate(tx, source, 0);
  }

  /** Counts nodes in or out; called before the root's level changes. */
  void countNodes(int change) {
    InodeBlock.blocks(inode.buffer(), InodeBlock.blocks(inode.buffer()) + change);
    if (rules.layout() == InodeBlock.LAYOUT_DIRECTORY) {
      long size = InodeBlock.size(inode.buffer());
      // A tree without a node has the size of one.
      long nodes = TreeNode.root(inode).level() == 0 ? 0 : size / BlockHeader.BLOCK_SIZE;
      InodeBlock.size(inode.buffer(), Math.max(nodes + change, 1) * BlockHeader.BLOCK_SIZE);
    }
  }

  /** Moves the root's content into a new node below it; returns the way through that node. */
  public TreePath grow(Transaction tx, BlockSource source, TreePath path) {
    TreeNode root = path.node(0);
    int level = root.level();
    TreeNode moved = allocate(tx, source, level);
    byte[] content = new byte[root.capacity()];
    root.buffer().get(root.entries(), content);
    moved.buffer().put(moved.entries(), content);
    moved.count(root.count());
    moved.used(root.used());
    long key = level == 0 ? rules.firstKey(moved) : moved.key(0);
    root.clear(root.entries(), root.capacity());
    root.level(level + 1);
    root.used(0);
    root.count(1);
    root.putChild(0, key, moved.address());
    return path.grown(moved);
  }

  /**
   * Announces that an entry with {@code key} goes into the way's leaf: where it is lower than
   * anything in the tree, the first keys on the way become it.
   */
  public void lowerFirstKeys(Transaction tx, TreePath path, long key) {
    for (int depth = 0; depth < path.depth() - 1; depth++) {
      TreeNode node = path.node(depth);
      if (path.position(depth) == 0 && key < node.key(0)) {
        tx.modify(node.block());
        node.key(0, key);
      }
    }
  }

  /**
   * Announces that an extent in the way's leaf will reach beyond the keys that were the leaf's so
   * far: the next leaf, whose lowest key is {@code key}, begins there only.
   */
  void raiseNextKey(Transaction tx, TreePath path, long key) {
    for (int depth = path.depth() - 2; depth >= 0; depth--) {
      TreeNode node = path.node(depth);
      if (path.position(depth) + 1 < node.count()) {
        tx.modify(node.block());
        node.key(path.position(depth) + 1, key);
        return;
      }
    }
  }

  /** Adds a leaf that was split off right of the way's leaf. */
  public void addLeaf(
      Transaction tx, BlockSource source, TreePath path, long firstKey, TreeNode leaf) {
    addChild(tx, source, path, path.depth() - 2, firstKey, leaf.address());
  }

  private void addChild(
      Transaction tx, BlockSource source, TreePath path, int depth, long key, long child) {
    TreeNode parent = path.node(depth);
    int position = path.position(depth) + 1;
    if (parent.count() < parent.maxCount()) {
      tx.modify(parent.block());
      parent.moveEntries(position, position + 1);
      parent.putChild(position, key, child);
      return;
    }
    if (parent.isRoot()) {
      addChild(tx, source, grow(tx, source, path), depth + 1, key, child);
      return;
    }
    boolean append = position == parent.count() && path.isLastLeaf();
    TreeNode right = allocate(tx, source, parent.level());
    tx.modify(parent.block());
    if (append) {
      right.count(1);
      right.putChild(0, key, child);
    } else {
      int half = parent.count() / 2;
      splitFixed(parent, right, half);
      if (position <= half) {
        parent.moveEntries(position, position + 1);
        parent.putChild(position, key, child);
      } else {
        right.moveEntries(position - half, position - half + 1);
        right.putChild(position - half, key, child);
      }
    }
    addChild(tx, source, path, depth - 1, right.key(0), right.address());
  }

  /** Moves the entries of fixed length from {@code from} on into an empty node. */
  private static void splitFixed(TreeNode left, TreeNode right, int from) {
    int count = left.count();
    byte[] moved = new byte[left.at(count) - left.at(from)];
    left.buffer().get(left.at(from), moved);
    right.buffer().put(right.entries(), moved);
    right.count(count - from);
    left.clear(left.at(from), moved.length);
    left.count(from);
  }

  /**
   * Plans to free nodes of a tree whose entries nobody needs any more, from the last leaf
   * backwards; what remains is a valid tree.
   *
   * @param maxNodes about as many nodes are freed at most
   */
  public Removal planFreeNodes(int maxNodes) throws IOException {
    PlannedRemoval plan = new PlannedRemoval(this);
    TreeNode root = root();
    int level = level();
    checked(root, level, 0, Long.MAX_VALUE);
    boolean empty = level == 0 || planFreeChildren(plan, root, 0, Long.MAX_VALUE, maxNodes);
    if (empty) {
      plan.empties();
    }
    plan.complete(empty);
    return plan.checked(List.of());
  }

  private boolean planFreeChildren(
      PlannedRemoval plan, TreeNode node, long low, long high, int maxNodes) throws IOException {
    int remaining = node.count();
    while (remaining > 0 && plan.nodes().size() < maxNodes) {
      int i = remaining - 1;
      long childLow = i == 0 ? low : node.key(i);
      long childHigh = remaining < node.count() ? node.key(remaining) : high;
      TreeNode child = child(node, i, childLow, childHigh);
      if (child.level() > 0 && !planFreeChildren(plan, child, childLow, childHigh, maxNodes)) {
        break;
      }
      plan.free(child);
      remaining--;
    }
    if (remaining > 0 && remaining < node.count()) {
      plan.drop(node, remaining, node.count());
    }
    return remaining == 0;
  }
}
