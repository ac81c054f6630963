package org.jclusterfs.core.inode;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;

/**
 * Maps the blocks of a file to blocks of the volume: a B+ tree of extents whose root lies in the
 * inode's body (layout 2).
 *
 * <p>Holds no state beside the blocks, so that any number may be made for an inode. Used with the
 * inode's lock held: by several threads at once to look, by one alone to change (EX). Changes count
 * tree nodes in the inode's {@code blocks}; data blocks there, size, times and change count are the
 * caller's. Content that is damaged ends in a {@link DamagedBlockException}; a call that breaks a
 * rule of its method in an {@link IllegalStateException}, before anything is changed.
 */
public final class ExtentTree {
  /** Entries that a change adds at most: an extent of which the middle changes becomes three. */
  private static final int MOST_ADDED = 2;

  private final BlockTree tree;

  /** Sees extents from some place on, in order. */
  @FunctionalInterface
  public interface Visitor {
    /** Whether the next one is wanted too. */
    boolean extent(Mapping extent) throws IOException;
  }

  /** Makes the view of an inode's tree; the scope is that of the inode's lock. */
  public ExtentTree(MetaBlock inode, LockScope scope, MetaStore store) {
    this.tree = new BlockTree(inode, scope, store, ExtentLeaf.RULES);
  }

  /** Makes the body of an inode an empty extent tree; what was in it is lost. */
  public static void initialise(Transaction tx, MetaBlock inode) {
    tx.modify(inode);
    BlockTree.initialise(inode, InodeBlock.LAYOUT_EXTENTS);
  }

  /**
   * Finds the whole extent that contains a file block, or the hole from that block to the next
   * extent ({@link Long#MAX_VALUE} long if there is none).
   */
  public Mapping find(long logical) throws IOException {
    TreePath path = tree.descend(logical);
    TreeNode leaf = path.leaf();
    int i = leaf.search(logical);
    if (i >= 0) {
      Mapping extent = ExtentLeaf.get(leaf, i);
      if (extent.end() > logical) {
        return extent;
      }
    }
    Mapping next = entryAfter(path, i);
    return Mapping.hole(logical, next == null ? Long.MAX_VALUE : next.logical() - logical);
  }

  /** The extent behind entry {@code i} of the way's leaf; null if it was the last. */
  private Mapping entryAfter(TreePath path, int i) throws IOException {
    if (i + 1 < path.leaf().count()) {
      return ExtentLeaf.get(path.leaf(), i + 1);
    }
    while (tree.next(path)) {
      if (path.leaf().count() > 0) {
        return ExtentLeaf.get(path.leaf(), 0);
      }
    }
    return null;
  }

  /** Shows every extent that ends behind {@code fromLogical}. */
  public void forEach(long fromLogical, Visitor visitor) throws IOException {
    TreePath path = tree.descend(fromLogical);
    int i = Math.max(path.leaf().search(fromLogical), 0);
    do {
      for (; i < path.leaf().count(); i++) {
        Mapping extent = ExtentLeaf.get(path.leaf(), i);
        if (extent.end() > fromLogical && !visitor.extent(extent)) {
          return;
        }
      }
      i = 0;
    } while (tree.next(path));
  }

  /**
   * Maps a run of file blocks where a hole is; grows a neighbour in the same leaf instead of adding
   * an extent where they are contiguous and alike.
   *
   * @param source gives at least {@link #nodesForInsert()} blocks
   * @throws IllegalStateException if something is mapped there already
   */
  public void insert(
      Transaction tx,
      BlockSource source,
      long logical,
      long physical,
      int length,
      boolean unwritten)
      throws IOException {
    Mapping extent = new Mapping(logical, physical, length, unwritten);
    if (logical < 0 || physical <= 0 || length <= 0 || logical > Long.MAX_VALUE - length) {
      throw new IllegalStateException("not an extent: " + extent);
    }
    TreePath path = tree.descend(logical);
    TreeNode leaf = path.leaf();
    int i = leaf.search(logical);
    if (i >= 0 && ExtentLeaf.get(leaf, i).end() > logical) {
      throw new IllegalStateException(extent + " overlaps " + ExtentLeaf.get(leaf, i));
    }
    boolean reachesOver = extent.end() > path.high();
    if (i + 1 < leaf.count() || reachesOver) {
      Mapping next = entryAfter(reachesOver ? tree.descend(logical) : path, i);
      if (next != null && next.logical() < extent.end()) {
        throw new IllegalStateException(extent + " overlaps " + next);
      }
      if (reachesOver && next != null) {
        tree.raiseNextKey(tx, path, next.logical());
      }
    }
    tree.lowerFirstKeys(tx, path, logical);
    splice(tx, source, path, i + 1, i + 1, List.of(extent));
  }

  /**
   * Makes a part of an unwritten extent a written one; does nothing where it is written already.
   *
   * @param source gives at least {@link #nodesForInsert()} blocks
   * @throws IllegalStateException if the run does not lie in one extent as {@link #find} gives it
   */
  public void markWritten(Transaction tx, BlockSource source, long logical, int length)
      throws IOException {
    mark(tx, source, logical, length, false);
  }

  /** As {@link #markWritten}, the other way: what was there reads as zeros. */
  public void markUnwritten(Transaction tx, BlockSource source, long logical, int length)
      throws IOException {
    mark(tx, source, logical, length, true);
  }

  private void mark(Transaction tx, BlockSource source, long logical, int length, boolean unwritten)
      throws IOException {
    TreePath path = tree.descend(logical);
    int i = path.leaf().search(logical);
    Mapping extent = i < 0 ? null : ExtentLeaf.get(path.leaf(), i);
    if (extent == null || length <= 0 || extent.end() - length < logical) {
      throw new IllegalStateException(logical + "+" + length + " is not inside of " + extent);
    }
    if (extent.unwritten() == unwritten) {
      return;
    }
    long end = logical + length;
    List<Mapping> pieces = new ArrayList<>(3);
    if (extent.logical() < logical) {
      pieces.add(piece(extent, extent.logical(), logical, !unwritten));
    }
    pieces.add(piece(extent, logical, end, unwritten));
    if (end < extent.end()) {
      pieces.add(piece(extent, end, extent.end(), !unwritten));
    }
    splice(tx, source, path, i, i + 1, pieces);
  }

  private static Mapping piece(Mapping extent, long from, long to, boolean unwritten) {
    return new Mapping(from, extent.physicalOf(from), to - from, unwritten);
  }

  /**
   * Puts extents in the place of the leaf's entries [from, to), merged among themselves and with
   * the neighbours in the leaf; splits the leaf if there is no room.
   */
  private void splice(
      Transaction tx, BlockSource source, TreePath path, int from, int to, List<Mapping> extents) {
    TreeNode leaf = path.leaf();
    int first = Math.max(from - 1, 0);
    int last = Math.min(to + 1, leaf.count());
    List<Mapping> merged = new ArrayList<>(extents.size() + 2);
    for (int i = first; i < from; i++) {
      merge(merged, ExtentLeaf.get(leaf, i));
    }
    for (Mapping extent : extents) {
      merge(merged, extent);
    }
    for (int i = to; i < last; i++) {
      merge(merged, ExtentLeaf.get(leaf, i));
    }
    put(tx, source, path, first, last, merged);
  }

  private static void merge(List<Mapping> extents, Mapping next) {
    if (!extents.isEmpty()) {
      Mapping last = extents.get(extents.size() - 1);
      if (last.end() == next.logical()
          && last.physicalOf(last.end()) == next.physical()
          && last.unwritten() == next.unwritten()
          && last.length() + next.length() <= ExtentLeaf.MAX_LENGTH) {
        extents.set(extents.size() - 1, piece(last, last.logical(), next.end(), last.unwritten()));
        return;
      }
    }
    extents.add(next);
  }

  private void put(
      Transaction tx, BlockSource source, TreePath path, int from, int to, List<Mapping> extents) {
    TreeNode leaf = path.leaf();
    int count = leaf.count();
    if (count - (to - from) + extents.size() <= leaf.maxCount()) {
      tx.modify(leaf.block());
      leaf.moveEntries(to, from + extents.size());
      putAll(leaf, from, extents);
      return;
    }
    if (leaf.isRoot()) {
      tx.modify(leaf.block());
      put(tx, source, tree.grow(tx, source, path), from, to, extents);
      return;
    }
    List<Mapping> all = new ArrayList<>(count + extents.size());
    for (int i = 0; i < from; i++) {
      all.add(ExtentLeaf.get(leaf, i));
    }
    all.addAll(extents);
    for (int i = to; i < count; i++) {
      all.add(ExtentLeaf.get(leaf, i));
    }
    // A file that is written from its beginning to its end leaves full nodes behind.
    boolean append = to == count && path.isLastLeaf();
    int kept = append ? leaf.maxCount() : all.size() / 2;
    TreeNode right = tree.allocateLeaf(tx, source);
    tx.modify(leaf.block());
    leaf.reset();
    leaf.count(kept);
    putAll(leaf, 0, all.subList(0, kept));
    right.count(all.size() - kept);
    putAll(right, 0, all.subList(kept, all.size()));
    tree.addLeaf(tx, source, path, right.key(0), right);
  }

  private static void putAll(TreeNode leaf, int at, List<Mapping> extents) {
    for (int i = 0; i < extents.size(); i++) {
      ExtentLeaf.put(leaf, at + i, extents.get(i));
    }
  }

  /**
   * Plans to unmap file blocks, from the end of the range backwards.
   *
   * @param toLogical first block behind the range; {@link Long#MAX_VALUE}: to the end
   * @param maxExtents pieces of extents that are taken out at most; if there are more, the removal
   *     is not {@link Removal#complete}
   */
  public Removal planRemoval(long fromLogical, long toLogical, int maxExtents) throws IOException {
    PlannedRemoval plan = new PlannedRemoval(tree);
    List<Run> data = new ArrayList<>();
    if (fromLogical >= toLogical) {
      return plan.checked(data);
    }
    long cut = toLogical;
    TreePath path = tree.descend(toLogical - 1);
    boolean more = true;
    do {
      TreeNode leaf = path.leaf();
      for (int i = leaf.search(toLogical - 1); more && i >= 0; i--) {
        Mapping extent = ExtentLeaf.get(leaf, i);
        if (extent.end() <= fromLogical) {
          more = false;
        } else if (data.size() == maxExtents) {
          plan.complete(false);
          more = false;
        } else {
          cut = Math.max(extent.logical(), fromLogical);
          long end = Math.min(extent.end(), toLogical);
          data.add(new Run(extent.physicalOf(cut), end - cut));
        }
      }
    } while (more && tree.previous(path));
    if (!data.isEmpty() && planNode(plan, tree.root(), 0, Long.MAX_VALUE, cut, toLogical)) {
      plan.empties();
    }
    plan.lowestLogical(data.isEmpty() ? Long.MAX_VALUE : cut);
    return plan.checked(data);
  }

  /** Plans what becomes of a node when [cut, to) is unmapped; true if nothing remains in it. */
  private boolean planNode(
      PlannedRemoval plan, TreeNode node, long low, long high, long cut, long to)
      throws IOException {
    if (node.level() == 0) {
      return planLeaf(plan, node, cut, to);
    }
    int dropFrom = 0;
    int dropTo = 0;
    int last = node.childFor(to - 1);
    for (int i = node.childFor(cut); i <= last; i++) {
      long childLow = i == 0 ? low : node.key(i);
      long childHigh = i + 1 < node.count() ? node.key(i + 1) : high;
      TreeNode child = tree.child(node, i, childLow, childHigh);
      if (planNode(plan, child, childLow, childHigh, cut, to)) {
        plan.free(child);
        dropFrom = dropTo == 0 ? i : dropFrom;
        dropTo = i + 1;
      }
    }
    if (dropTo - dropFrom == node.count()) {
      return true;
    }
    if (dropFrom < dropTo) {
      plan.drop(node, dropFrom, dropTo);
    }
    return false;
  }

  private boolean planLeaf(PlannedRemoval plan, TreeNode leaf, long cut, long to) {
    int from = Math.max(leaf.search(cut), 0);
    int until = leaf.search(to - 1) + 1;
    if (from < until && ExtentLeaf.get(leaf, from).end() <= cut) {
      from++;
    }
    if (from >= until) {
      return leaf.count() == 0;
    }
    List<Mapping> kept = new ArrayList<>(2);
    Mapping first = ExtentLeaf.get(leaf, from);
    if (first.logical() < cut) {
      kept.add(piece(first, first.logical(), cut, first.unwritten()));
    }
    Mapping last = ExtentLeaf.get(leaf, until - 1);
    if (last.end() > to) {
      kept.add(piece(last, to, last.end(), last.unwritten()));
    }
    if (kept.isEmpty() && until - from == leaf.count()) {
      return true;
    }
    if (kept.size() <= until - from) {
      plan.replace(leaf, from, until, kept);
    } else {
      int at = from;
      boolean full = leaf.count() == leaf.maxCount();
      plan.splice(
          (tx, source) -> put(tx, source, tree.descend(cut), at, at + 1, kept),
          full ? nodesForInsert() : 0,
          full ? blocksTouchedByInsert() : 1);
    }
    return false;
  }

  /**
   * Upper bound of the tree blocks that one {@link #insert} or {@link #markWritten} allocates; n of
   * them in a row, n ≤ 100, allocate at most n times as many.
   */
  public int nodesForInsert() {
    return tree.nodesForInsert();
  }

  /**
   * As {@link #nodesForInsert()}, for a run that begins at a file block: 0 where its leaf has room.
   */
  public int nodesForInsert(long logical) throws IOException {
    TreeNode leaf = tree.descend(logical).leaf();
    return leaf.count() + MOST_ADDED <= leaf.maxCount() ? 0 : nodesForInsert();
  }

  /** Upper bound of the blocks that one insert or markWritten logs, new nodes included. */
  public int blocksTouchedByInsert() {
    // The inode, the way, and what is new on it.
    return 1 + tree.boundOfLevel() + nodesForInsert();
  }
}
