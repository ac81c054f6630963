package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.NodeHeader;

/** Walks an extent or directory tree from its root in the inode, claiming the nodes' blocks. */
final class TreeReader {
  static final int MAX_LEVEL = 10;

  /** Takes the leaves in order. */
  interface LeafVisitor {

    /**
     * A leaf.
     *
     * @param lower no key may be lower
     * @param upper every key must be lower
     * @return false where its entries cannot be parsed
     */
    boolean leaf(ByteBuffer block, int base, long lower, long upper) throws IOException;
  }

  private final Check check;
  private final InodeInfo inode;
  private final int leafMagic;
  private final LeafVisitor visitor;

  /** Blocks of the tree that belong to it alone. */
  final List<Long> nodes = new ArrayList<>();

  /** A repair of the tree's structure is due. */
  boolean rebuild;

  /** Something is wrong with the structure, repaired or not. */
  boolean damaged;

  /** The tree's blocks are claimed already, or are not to be. */
  boolean claimed;

  /** Damage is not reported. */
  boolean silent;

  TreeReader(Check check, InodeInfo inode, int leafMagic, LeafVisitor visitor) {
    this.check = check;
    this.inode = inode;
    this.leafMagic = leafMagic;
    this.visitor = visitor;
  }

  void read(ByteBuffer inodeBlock) throws IOException {
    int level = NodeHeader.level(inodeBlock, NodeHeader.ROOT_BASE);
    if (level > MAX_LEVEL
        || !node(inodeBlock, NodeHeader.ROOT_BASE, level, Long.MIN_VALUE, Long.MAX_VALUE)) {
      damage(inode.number);
    }
  }

  private void damage(long block) {
    damaged = true;
    rebuild |=
        !silent && check.report.fix(Problem.TREE_NODE_DAMAGED, block, inode.number, inode.path);
  }

  private boolean node(ByteBuffer block, int base, int level, long lower, long upper)
      throws IOException {
    if (level == 0) {
      return visitor.leaf(block, base, lower, upper);
    }
    int count = NodeHeader.count(block, base);
    if (count < 1 || count * IndexEntry.LENGTH > NodeHeader.capacity(base)) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      int entry = IndexEntry.at(base, i);
      long from = i == 0 ? lower : IndexEntry.key(block, entry);
      long to = i + 1 < count ? IndexEntry.key(block, IndexEntry.at(base, i + 1)) : upper;
      child(IndexEntry.child(block, entry), level - 1, from, to);
    }
    return true;
  }

  private void child(long address, int level, long lower, long upper) throws IOException {
    if (!check.geometry.isAllocatable(address) || nodes.contains(address)) {
      damage(address);
      return;
    }
    BlockStore.Checked read =
        check.store.readChecked(address, level == 0 ? leafMagic : IndexEntry.MAGIC);
    if (!read.good()
        || BlockHeader.owner(read.block()) != inode.number
        || NodeHeader.level(read.block(), NodeHeader.BLOCK_BASE) != level) {
      damage(address);
      return;
    }
    if (claimed) {
      nodes.add(address);
    } else if (check.map.isFree(address)) {
      check.map.set(address, BitmapBlock.METADATA);
      nodes.add(address);
    } else {
      damaged = true;
      rebuild |= check.report.fix(Problem.BLOCK_SHARED, inode.number, inode.path, address);
    }
    if (!node(read.block(), NodeHeader.BLOCK_BASE, level, lower, upper)) {
      damage(address);
    }
  }
}
