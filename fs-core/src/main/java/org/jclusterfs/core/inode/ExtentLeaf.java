package org.jclusterfs.core.inode;

import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.DamagedBlockException;

/** Leaves of extent trees: entries of fixed length. */
final class ExtentLeaf implements LeafRules {
  static final ExtentLeaf RULES = new ExtentLeaf();

  /** Longest extent that is written: a positive int. */
  static final int MAX_LENGTH = Integer.MAX_VALUE;

  private ExtentLeaf() {}

  @Override
  public int magic() {
    return ExtentEntry.MAGIC;
  }

  @Override
  public int layout() {
    return InodeBlock.LAYOUT_EXTENTS;
  }

  @Override
  public long firstKey(TreeNode leaf) {
    return leaf.key(0);
  }

  static Mapping get(TreeNode leaf, int index) {
    int at = leaf.at(index);
    return new Mapping(
        ExtentEntry.logical(leaf.buffer(), at),
        ExtentEntry.physical(leaf.buffer(), at),
        Integer.toUnsignedLong(ExtentEntry.length(leaf.buffer(), at)),
        (ExtentEntry.flags(leaf.buffer(), at) & ExtentEntry.UNWRITTEN) != 0);
  }

  static void put(TreeNode leaf, int index, Mapping extent) {
    int at = leaf.at(index);
    ExtentEntry.logical(leaf.buffer(), at, extent.logical());
    ExtentEntry.physical(leaf.buffer(), at, extent.physical());
    ExtentEntry.length(leaf.buffer(), at, (int) extent.length());
    ExtentEntry.flags(leaf.buffer(), at, extent.unwritten() ? ExtentEntry.UNWRITTEN : 0);
  }

  @Override
  public void check(TreeNode leaf, long low, long high) throws DamagedBlockException {
    int count = leaf.count();
    if (count > leaf.maxCount() || count == 0 && !leaf.isRoot()) {
      throw leaf.damaged("extent leaf of " + count + " entries");
    }
    long end = low;
    for (int i = 0; i < count; i++) {
      int at = leaf.at(i);
      long logical = ExtentEntry.logical(leaf.buffer(), at);
      long physical = ExtentEntry.physical(leaf.buffer(), at);
      long length = Integer.toUnsignedLong(ExtentEntry.length(leaf.buffer(), at));
      // Subtractions on the right: sums of damaged numbers may overflow.
      if (logical < end || length == 0 || length > high - logical) {
        throw leaf.damaged("extent " + logical + "+" + length + " out of order at entry " + i);
      }
      if (physical <= 0 || physical > Long.MAX_VALUE - length) {
        throw leaf.damaged("extent at block " + physical + " at entry " + i);
      }
      if ((ExtentEntry.flags(leaf.buffer(), at) & ~ExtentEntry.UNWRITTEN) != 0) {
        throw leaf.damaged("unknown flags at entry " + i);
      }
      end = logical + length;
    }
  }
}
