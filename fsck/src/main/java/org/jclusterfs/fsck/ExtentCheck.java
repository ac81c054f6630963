package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;

/**
 * Checks the extent tree of one inode and claims its data blocks.
 *
 * <p>Up to {@link #REMEMBERED} extents are kept from the first reading; more of them that are in
 * order are read again to be claimed, and only those that are out of order are held all at once.
 */
final class ExtentCheck {
  private static final int REMEMBERED = 65_536;

  /** Blocks of the largest file: sizes are signed numbers of bytes. */
  private static final long MOST_BLOCKS = Long.MAX_VALUE / BlockHeader.BLOCK_SIZE;

  /** An extent as a leaf holds it. */
  record Extent(long logical, long physical, int blocks, int flags) implements TreeBuilder.Item {
    private long end() {
      return logical + blocks;
    }

    private Extent part(int from, int until) {
      return new Extent(logical + from, physical + from, until - from, flags);
    }

    @Override
    public long key() {
      return logical;
    }

    @Override
    public int length() {
      return ExtentEntry.LENGTH;
    }

    @Override
    public void put(ByteBuffer block, int at) {
      ExtentEntry.logical(block, at, logical);
      ExtentEntry.physical(block, at, physical);
      ExtentEntry.length(block, at, blocks);
      ExtentEntry.flags(block, at, flags);
    }
  }

  private interface Visitor {
    void extent(Extent extent) throws IOException;
  }

  private final Check check;
  private final InodeInfo inode;
  private final TreeReader tree;
  private List<Extent> extents = new ArrayList<>();
  private long count;
  private long lastEnd;
  private boolean disordered;
  private boolean sorted;
  private boolean rebuild;
  private long data;
  private long writtenEnd;

  // Blocks of the file, by their place in it, that are to get a copy of a block of something else.
  private final LongSet copies = new LongSet();

  ExtentCheck(Check check, InodeInfo inode) {
    this.check = check;
    this.inode = inode;
    this.tree = new TreeReader(check, inode, ExtentEntry.MAGIC, this::leaf);
  }

  /** The first block of the file behind all that are mapped and written. */
  long writtenEnd() {
    return writtenEnd;
  }

  /**
   * Checks.
   *
   * @param otherBlocks blocks of the inode beside its tree and data
   * @return blocks of data and tree, or −1 where the tree will be built anew and counted then
   */
  long run(ByteBuffer inodeBlock, long otherBlocks) throws IOException {
    tree.read(inodeBlock);
    if (disordered && check.report.fix(Problem.EXTENT_ORDER_WRONG, inode.number, inode.path())) {
      sorted = true;
      rebuild = true;
    }
    if (sorted) {
      for (Extent extent : inOrder(inodeBlock)) {
        claim(extent);
      }
    } else if (extents != null) {
      for (Extent extent : extents) {
        claim(extent);
      }
    } else {
      reread(inodeBlock, this::claim);
    }
    extents = null;
    if (!rebuild && !tree.rebuild) {
      return data + tree.nodes.size();
    }
    check.rebuilds.add(() -> build(otherBlocks));
    return -1;
  }

  private static String each(ByteBuffer block, int base, Visitor visitor) throws IOException {
    int count = NodeHeader.count(block, base);
    if (count * ExtentEntry.LENGTH > NodeHeader.capacity(base)) {
      return "is a leaf of " + count + " extents";
    }
    for (int i = 0; i < count; i++) {
      int at = ExtentEntry.at(base, i);
      visitor.extent(
          new Extent(
              ExtentEntry.logical(block, at),
              ExtentEntry.physical(block, at),
              ExtentEntry.length(block, at),
              ExtentEntry.flags(block, at)));
    }
    return null;
  }

  private String leaf(ByteBuffer block, int base, long lower, long upper) throws IOException {
    return each(block, base, extent -> judge(extent, lower, upper));
  }

  private void judge(Extent extent, long lower, long upper) {
    if (!inBounds(extent)) {
      rebuild |=
          check.report.fix(
              Problem.EXTENT_OUT_OF_BOUNDS, inode.number, inode.path(), extent.physical());
      return;
    }
    if ((extent.flags() & ~ExtentEntry.UNWRITTEN) != 0) {
      rebuild |=
          check.report.fix(
              Problem.EXTENT_FLAGS_WRONG, inode.number, inode.path(), extent.logical());
    }
    disordered |= extent.logical() < lastEnd || extent.logical() < lower || extent.end() > upper;
    lastEnd = extent.end();
    count++;
    if (count <= REMEMBERED) {
      extents.add(extent);
    } else {
      extents = null;
    }
  }

  private boolean inBounds(Extent extent) {
    long last = extent.physical() + extent.blocks() - 1;
    return extent.blocks() > 0
        && extent.logical() >= 0
        && extent.logical() <= MOST_BLOCKS - extent.blocks()
        && check.geometry.isAllocatable(extent.physical())
        && check.geometry.groupOf(extent.physical()) == check.geometry.groupOf(last);
  }

  /** Shows the extents that can stay, once more. */
  private void reread(ByteBuffer inodeBlock, Visitor visitor) throws IOException {
    TreeReader again =
        new TreeReader(
            check,
            inode,
            ExtentEntry.MAGIC,
            (block, base, lower, upper) ->
                each(
                    block,
                    base,
                    extent -> {
                      if (inBounds(extent)) {
                        visitor.extent(extent);
                      }
                    }));
    again.claimed = true;
    again.silent = true;
    again.read(inodeBlock);
  }

  /** All extents; sorted where that is the repair, and without those that overlap earlier ones. */
  private List<Extent> inOrder(ByteBuffer inodeBlock) throws IOException {
    List<Extent> all = new ArrayList<>();
    reread(inodeBlock, all::add);
    if (!sorted) {
      return all;
    }
    all.sort(Comparator.comparingLong(Extent::logical));
    List<Extent> kept = new ArrayList<>(all.size());
    long end = 0;
    for (Extent extent : all) {
      if (extent.logical() >= end) {
        kept.add(extent);
        end = extent.end();
      }
    }
    return kept;
  }

  private void claim(Extent extent) throws IOException {
    for (int i = 0; i < extent.blocks(); i++) {
      long block = extent.physical() + i;
      if (!isOthers(block)) {
        check.map.set(block, BitmapBlock.DATA);
      } else if (check.report.fix(Problem.BLOCK_SHARED, inode.number, inode.path(), block)) {
        rebuild = true;
        copies.add(extent.logical() + i);
      }
    }
    data += extent.blocks();
    if ((extent.flags() & ExtentEntry.UNWRITTEN) == 0) {
      writtenEnd = Math.max(writtenEnd, extent.end());
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
    ByteBuffer block = check.store.readChecked(inode.number, InodeBlock.MAGIC).block();
    List<Extent> items = new ArrayList<>();
    long blocks = 0;
    for (Extent found : inOrder(block)) {
      Extent extent =
          new Extent(
              found.logical(),
              found.physical(),
              found.blocks(),
              found.flags() & ExtentEntry.UNWRITTEN);
      blocks += extent.blocks();
      int from = 0;
      for (int i = 0; i < extent.blocks() && !copies.isEmpty(); i++) {
        if (copies.contains(extent.logical() + i)) {
          add(items, extent, from, i);
          items.add(copy(extent.part(i, i + 1)));
          from = i + 1;
        }
      }
      add(items, extent, from, extent.blocks());
    }
    int nodes = new TreeBuilder(check, inode.number, ExtentEntry.MAGIC).build(block, items);
    InodeBlock.blocks(block, blocks + nodes + otherBlocks);
    check.store.write(block);
    for (int i = 0; i < tree.nodes.size(); i++) {
      check.free(tree.nodes.get(i));
    }
  }

  private Extent copy(Extent one) throws IOException {
    long block = check.allocate(BitmapBlock.DATA);
    check.store.writeRaw(block, check.store.read(one.physical()));
    return new Extent(one.logical(), block, 1, one.flags());
  }

  private static void add(List<Extent> to, Extent extent, int from, int until) {
    if (until > from) {
      to.add(extent.part(from, until));
    }
  }
}
