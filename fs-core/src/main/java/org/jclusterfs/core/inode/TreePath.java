package org.jclusterfs.core.inode;

/**
 * The way from a tree's root to one of its leaves: at each depth a node, the position of the child
 * that the way goes on through, and the range of keys that may be below that node.
 */
public final class TreePath {
  private final TreeNode[] nodes;
  private final int[] positions;
  private final long[] lows;
  private final long[] highs;

  TreePath(int depth) {
    nodes = new TreeNode[depth];
    positions = new int[depth];
    lows = new long[depth];
    highs = new long[depth];
  }

  void set(int depth, TreeNode node, long low, long high) {
    nodes[depth] = node;
    positions[depth] = 0;
    lows[depth] = low;
    highs[depth] = high;
  }

  /** Nodes on the way, root and leaf included. */
  int depth() {
    return nodes.length;
  }

  TreeNode node(int depth) {
    return nodes[depth];
  }

  int position(int depth) {
    return positions[depth];
  }

  void position(int depth, int position) {
    positions[depth] = position;
  }

  /** The leaf at its end. */
  public TreeNode leaf() {
    return nodes[nodes.length - 1];
  }

  /** No key in the leaf is lower. */
  public long low() {
    return lows[lows.length - 1];
  }

  /** Keys from here on are in later leaves; {@link Long#MAX_VALUE} in the last leaf. */
  public long high() {
    return highs[highs.length - 1];
  }

  boolean isLastLeaf() {
    return high() == Long.MAX_VALUE;
  }

  long lowOfChild(int depth) {
    int position = positions[depth];
    return position == 0 ? lows[depth] : nodes[depth].key(position);
  }

  long highOfChild(int depth) {
    int next = positions[depth] + 1;
    return next < nodes[depth].count() ? nodes[depth].key(next) : highs[depth];
  }

  /** The same way after the root's content moved into a node of its own below it. */
  TreePath grown(TreeNode moved) {
    TreePath path = new TreePath(nodes.length + 1);
    System.arraycopy(nodes, 1, path.nodes, 2, nodes.length - 1);
    System.arraycopy(positions, 0, path.positions, 1, positions.length);
    System.arraycopy(lows, 0, path.lows, 1, lows.length);
    System.arraycopy(highs, 0, path.highs, 1, highs.length);
    path.set(0, nodes[0], lows[0], highs[0]);
    path.nodes[1] = moved;
    return path;
  }
}
