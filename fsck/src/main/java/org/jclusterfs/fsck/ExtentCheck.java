package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;

/** Checks the extent tree of one inode and claims its data blocks. */
final class ExtentCheck {
  private record Extent(long logical, long physical, int length, int flags, boolean copy) {
    long end() {
      return logical + length;
    }
  }

  private final Check check;
  private final InodeInfo inode;
  private final TreeReader tree;
  private List<Extent> extents = new ArrayList<>();
  private boolean disordered;
  private boolean rebuild;
  private long data;

  ExtentCheck(Check check, InodeInfo inode) {
    this.check = check;
    this.inode = inode;
    this.tree = new TreeReader(check, inode, ExtentEntry.MAGIC, this::leaf);
  }

  /**
   * Checks.
   *
   * @param otherBlocks blocks of the inode beside its tree and data
   * @return blocks of data and tree, or −1 where the tree will be built anew and counted then
   */
  long run(ByteBuffer inodeBlock, long otherBlocks) throws IOException {
    tree.read(inodeBlock);
    if (disordered && check.report.fix(Problem.EXTENT_ORDER_WRONG, inode.number, inode.path)) {
      sort();
      rebuild = true;
    }
    claim();
    rebuild |= tree.rebuild;
    if (!rebuild) {
      return data + tree.nodes.size();
    }
    check.rebuilds.add(() -> build(otherBlocks));
    return -1;
  }

  private boolean leaf(ByteBuffer block, int base, long lower, long upper) {
    int count = NodeHeader.count(block, base);
    if (count * ExtentEntry.LENGTH > NodeHeader.capacity(base)) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      int at = ExtentEntry.at(base, i);
      Extent extent =
          new Extent(
              ExtentEntry.logical(block, at),
              ExtentEntry.physical(block, at),
              ExtentEntry.length(block, at),
              ExtentEntry.flags(block, at),
              false);
      if (!inBounds(extent)) {
        if (check.report.fix(
            Problem.EXTENT_OUT_OF_BOUNDS, inode.number, inode.path, extent.physical())) {
          rebuild = true;
        }
        continue;
      }
      Extent last = extents.isEmpty() ? null : extents.get(extents.size() - 1);
      disordered |=
          last != null && extent.logical() < last.end()
              || extent.logical() < lower
              || extent.logical() >= upper;
      extents.add(extent);
    }
    return true;
  }

  private boolean inBounds(Extent extent) {
    long last = extent.physical() + extent.length() - 1;
    return extent.length() > 0
        && extent.logical() >= 0
        && extent.end() > 0
        && check.geometry.isAllocatable(extent.physical())
        && check.geometry.groupOf(extent.physical()) == check.geometry.groupOf(last);
  }

  private void sort() {
    List<Extent> sorted = new ArrayList<>(extents);
    sorted.sort(Comparator.comparingLong(Extent::logical));
    extents = new ArrayList<>();
    long end = 0;
    for (Extent extent : sorted) {
      if (extent.logical() >= end) {
        extents.add(extent);
        end = extent.end();
      }
    }
  }

  private void claim() throws IOException {
    List<Extent> claimed = new ArrayList<>();
    for (Extent extent : extents) {
      int from = 0;
      for (int i = 0; i < extent.length(); i++) {
        long block = extent.physical() + i;
        data++;
        if (!isOthers(block)) {
          check.map.set(block, BitmapBlock.DATA);
        } else if (check.report.fix(Problem.BLOCK_SHARED, inode.number, inode.path, block)) {
          rebuild = true;
          add(claimed, extent, from, i, false);
          add(claimed, extent, i, i + 1, true);
          from = i + 1;
        }
      }
      add(claimed, extent, from, extent.length(), false);
    }
    extents = claimed;
  }

  private static void add(List<Extent> to, Extent extent, int from, int until, boolean copy) {
    if (until > from) {
      to.add(
          new Extent(
              extent.logical() + from,
              extent.physical() + from,
              until - from,
              extent.flags(),
              copy));
    }
  }

  /** Whether a block is claimed already, or is metadata that will be found later. */
  private boolean isOthers(long block) throws IOException {
    if (!check.map.isFree(block)) {
      return true;
    }
    return check.diskState(block) >= BitmapBlock.METADATA
        && check.looksLikeMetadata(check.store.read(block), block);
  }

  private void build(long otherBlocks) throws IOException {
    List<TreeBuilder.Item> items = new ArrayList<>();
    for (Extent extent : extents) {
      long physical = extent.physical();
      if (extent.copy()) {
        physical = check.allocate(BitmapBlock.DATA);
        check.store.writeRaw(physical, check.store.read(extent.physical()));
      }
      ByteBuffer entry = ByteBuffer.allocate(ExtentEntry.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
      ExtentEntry.logical(entry, 0, extent.logical());
      ExtentEntry.physical(entry, 0, physical);
      ExtentEntry.length(entry, 0, extent.length());
      ExtentEntry.flags(entry, 0, extent.flags());
      items.add(new TreeBuilder.Item(extent.logical(), entry.array()));
    }
    ByteBuffer block = check.store.readChecked(inode.number, InodeBlock.MAGIC).block();
    int nodes = new TreeBuilder(check, inode.number, ExtentEntry.MAGIC).build(block, items);
    long blocks = extents.stream().mapToLong(Extent::length).sum();
    InodeBlock.blocks(block, blocks + nodes + otherBlocks);
    check.store.write(block);
    for (long node : tree.nodes) {
      check.free(node);
    }
  }
}
