package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.NodeHeader;

/**
 * Walks an extent or directory tree from its root in the inode, claiming the nodes' blocks.
 *
 * <p>The levels fall by one from parent to child, which ends every loop. Fields of a node that say
 * nothing about its entries are mended in place; everything else asks for the tree to be built
 * anew.
 */
final class TreeReader {
  static final int MAX_LEVEL = 10;

  /** Takes the leaves in order. */
  interface LeafVisitor {

    /**
     * A leaf.
     *
     * @param lower no key may be lower
     * @param upper every key must be lower
     * @return why its entries cannot be parsed, to follow "block N …"; null where they can
     */
    String leaf(ByteBuffer block, int base, long lower, long upper) throws IOException;
  }

  private final Check check;
  private final InodeInfo inode;
  private final int leafMagic;
  private final LeafVisitor visitor;

  /** Blocks of the tree that belong to it alone. */
  final LongSet nodes = new LongSet();

  // Blocks in the tree that something else uses, too.
  private final LongSet shared = new LongSet();

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

  /** Reads all; fields of the root that are mended change in {@code inodeBlock}. */
  void read(ByteBuffer inodeBlock) throws IOException {
    int level = NodeHeader.level(inodeBlock, NodeHeader.ROOT_BASE);
    String reason =
        level > MAX_LEVEL
            ? "has level " + level
            : node(inodeBlock, NodeHeader.ROOT_BASE, level, Long.MIN_VALUE, Long.MAX_VALUE);
    if (reason != null) {
      damage(inode.number, reason);
    }
  }

  private void damage(long block, String reason) {
    damaged = true;
    rebuild |=
        !silent
            && check.report.fix(
                Problem.TREE_NODE_DAMAGED, block, inode.number, inode.path(), reason);
  }

  private String node(ByteBuffer block, int base, int level, long lower, long upper)
      throws IOException {
    checkUsed(block, base, level);
    int count = NodeHeader.count(block, base);
    if (level == 0) {
      if (count == 0 && base == NodeHeader.BLOCK_BASE && leafMagic != DirectoryEntry.MAGIC) {
        return "is a leaf without an extent";
      }
      return visitor.leaf(block, base, lower, upper);
    }
    if (count < 1 || count * IndexEntry.LENGTH > NodeHeader.capacity(base)) {
      return "is an index of " + count + " entries";
    }
    checkKeys(block, base, lower, upper);
    for (int i = 0; i < count; i++) {
      int entry = IndexEntry.at(base, i);
      long from = i == 0 ? lower : IndexEntry.key(block, entry);
      long to = i + 1 < count ? IndexEntry.key(block, IndexEntry.at(base, i + 1)) : upper;
      child(IndexEntry.child(block, entry), level - 1, from, to);
    }
    return null;
  }

  private void checkUsed(ByteBuffer block, int base, int level) throws IOException {
    boolean counts = level == 0 && leafMagic == DirectoryEntry.MAGIC;
    if (!silent
        && !counts
        && NodeHeader.used(block, base) != 0
        && check.report.fix(
            Problem.TREE_NODE_FIELD_WRONG,
            block.getLong(BlockHeader.ADDRESS_OFFSET),
            inode.number,
            inode.path(),
            "bytes of entries, though its entries have a fixed length")) {
      NodeHeader.used(block, base, 0);
      if (base == NodeHeader.BLOCK_BASE) {
        check.store.write(block);
      }
    }
  }

  private void checkKeys(ByteBuffer block, int base, long lower, long upper) {
    long previous = -1;
    for (int i = 0; i < NodeHeader.count(block, base); i++) {
      long key = IndexEntry.key(block, IndexEntry.at(base, i));
      boolean inside = (i == 0 || key >= lower) && (key < upper || upper == Long.MAX_VALUE);
      if (key <= previous || !inside) {
        damaged = true;
        rebuild |=
            !silent
                && check.report.fix(
                    Problem.INDEX_ORDER_WRONG,
                    BlockHeader.address(block),
                    inode.number,
                    inode.path());
        return;
      }
      previous = key;
    }
  }

  private void child(long address, int level, long lower, long upper) throws IOException {
    if (!check.geometry.isAllocatable(address)) {
      damage(address, "is outside of where trees may lie");
      return;
    }
    boolean free = check.map.isFree(address);
    if (nodes.contains(address) || shared.contains(address)) {
      damage(address, "is in it twice");
      return;
    }
    BlockStore.Checked read =
        check.store.readChecked(address, level == 0 ? leafMagic : IndexEntry.MAGIC);
    String reason = read.good() ? foreign(read.block(), level) : read.text();
    if (reason != null) {
      damage(address, reason);
      return;
    }
    if (claimed) {
      nodes.add(address);
    } else if (free) {
      check.map.set(address, BitmapBlock.METADATA);
      nodes.add(address);
      if (!silent && new HeaderFields(check).check(read.block(), inode)) {
        check.store.write(read.block());
      }
    } else {
      damaged = true;
      shared.add(address);
      rebuild |= check.report.fix(Problem.BLOCK_SHARED, inode.number, inode.path(), address);
    }
    reason = node(read.block(), NodeHeader.BLOCK_BASE, level, lower, upper);
    if (reason != null) {
      damage(address, reason);
    }
  }

  private String foreign(ByteBuffer block, int level) {
    if (BlockHeader.owner(block) != inode.number) {
      return String.format(Locale.ROOT, "belongs to inode %d", BlockHeader.owner(block));
    }
    int found = NodeHeader.level(block, NodeHeader.BLOCK_BASE);
    return found == level ? null : "has level " + found + " instead of " + level;
  }
}
