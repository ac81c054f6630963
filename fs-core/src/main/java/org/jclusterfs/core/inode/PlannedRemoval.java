package org.jclusterfs.core.inode;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.Transaction;

/** A removal as a list of edits of nodes that stay, and of nodes that go. */
final class PlannedRemoval implements Removal {

  /** Entries [from, to) of a node go; in leaves of extents others may take their place. */
  private record Edit(long address, int level, int from, int to, List<Mapping> replacement) {}

  /** What changes a leaf in a way that may need more room than it has. */
  interface Splice {
    void apply(Transaction tx, BlockSource source) throws IOException;
  }

  private final BlockTree tree;
  private final List<Edit> edits = new ArrayList<>();
  private final List<FreedNode> nodes = new ArrayList<>();
  private List<Run> data = List.of();
  private long lowestLogical = Long.MAX_VALUE;
  private boolean complete = true;
  private boolean empties;
  private Splice splice;
  private int spliceNodes;
  private int spliceCredits;

  PlannedRemoval(BlockTree tree) {
    this.tree = tree;
  }

  void free(TreeNode node) {
    nodes.add(FreedNode.of(node.block()));
  }

  void drop(TreeNode node, int from, int to) {
    edits.add(new Edit(node.address(), node.level(), from, to, List.of()));
  }

  /** At most as many take the place of the entries as there were. */
  void replace(TreeNode leaf, int from, int to, List<Mapping> replacement) {
    edits.add(new Edit(leaf.address(), 0, from, to, replacement));
  }

  /** The only change is this one; it takes {@code nodes} blocks and touches {@code credits}. */
  void splice(Splice change, int nodes, int credits) {
    splice = change;
    spliceNodes = nodes;
    spliceCredits = credits;
  }

  /** Nothing remains in the tree: it goes back to level 0. */
  void empties() {
    empties = true;
    edits.clear();
  }

  void lowestLogical(long value) {
    lowestLogical = value;
  }

  void complete(boolean value) {
    complete = value;
  }

  /** Ends planning; refuses to take more blocks out of the inode than it counts. */
  PlannedRemoval checked(List<Run> runs) throws DamagedBlockException {
    data = Collections.unmodifiableList(runs);
    long counted = InodeBlock.blocks(tree.inode().buffer());
    if (counted < removedBlocks()) {
      throw new DamagedBlockException(
          tree.inode().address(),
          "inode counts " + counted + " blocks, but has at least " + removedBlocks());
    }
    return this;
  }

  private long removedBlocks() {
    long sum = nodes.size();
    for (Run run : data) {
      sum += run.length();
    }
    return sum;
  }

  @Override
  public List<Run> data() {
    return data;
  }

  @Override
  public List<FreedNode> nodes() {
    return Collections.unmodifiableList(nodes);
  }

  @Override
  public long lowestLogical() {
    return lowestLogical;
  }

  @Override
  public int credits() {
    return 1 + edits.size() + nodes.size() + spliceCredits;
  }

  @Override
  public boolean complete() {
    return complete;
  }

  @Override
  public int nodesNeeded() {
    return spliceNodes;
  }

  @Override
  public void apply(Transaction tx, BlockSource source) throws IOException {
    // Everything is read before the first change: a failure leaves the tree as it was.
    List<TreeNode> changed = new ArrayList<>(edits.size());
    for (Edit edit : edits) {
      changed.add(tree.nodeAt(edit.address(), edit.level()));
    }
    if (splice != null) {
      splice.apply(tx, source);
    }
    if (data.isEmpty() && nodes.isEmpty() && edits.isEmpty() && !empties) {
      return;
    }
    tx.modify(tree.inode());
    for (int i = 0; i < changed.size(); i++) {
      Edit edit = edits.get(i);
      TreeNode node = changed.get(i);
      tx.modify(node.block());
      for (int r = 0; r < edit.replacement().size(); r++) {
        ExtentLeaf.put(node, edit.from() + r, edit.replacement().get(r));
      }
      int kept = edit.from() + edit.replacement().size();
      if (kept < edit.to()) {
        node.moveEntries(edit.to(), kept);
      }
    }
    for (FreedNode node : nodes) {
      tx.free(tree.scope(), node.address());
    }
    tree.countNodes(-nodes.size());
    if (empties) {
      TreeNode root = tree.root();
      root.reset();
    }
  }
}
