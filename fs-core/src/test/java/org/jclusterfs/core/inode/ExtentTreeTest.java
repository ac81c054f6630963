package org.jclusterfs.core.inode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.MetadataHarness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Extent trees against a map of blocks, and what damaged ones do. */
class ExtentTreeTest {
  private final MetadataHarness disk = new MetadataHarness();
  private final ExtentTreeModel model = new ExtentTreeModel();
  private long dataBlocks;

  ExtentTreeTest() throws IOException {
    disk.change(1, 0, (tx, source) -> ExtentTree.initialise(tx, disk.inode()));
  }

  private ExtentTree tree() throws IOException {
    return new ExtentTree(disk.inode(), disk.scope, disk.store);
  }

  private BlockTree blockTree() throws IOException {
    return new BlockTree(disk.inode(), disk.scope, disk.store, ExtentLeaf.RULES);
  }

  private void insert(long logical, long physical, int length, boolean unwritten)
      throws IOException {
    ExtentTree tree = tree();
    disk.change(
        tree.blocksTouchedByInsert(),
        tree.nodesForInsert(),
        (tx, source) -> tree.insert(tx, source, logical, physical, length, unwritten));
    model.insert(logical, physical, length, unwritten);
    countData(length);
  }

  private void countData(long change) throws IOException {
    dataBlocks += change;
    disk.change(
        1,
        0,
        (tx, source) -> {
          tx.modify(disk.inode());
          InodeBlock.blocks(disk.attributes(), InodeBlock.blocks(disk.attributes()) + change);
        });
  }

  private void markWritten(long logical, int length) throws IOException {
    ExtentTree tree = tree();
    disk.change(
        tree.blocksTouchedByInsert(),
        tree.nodesForInsert(),
        (tx, source) -> tree.markWritten(tx, source, logical, length));
    model.mark(logical, length, false);
  }

  private void markUnwritten(long logical, int length) throws IOException {
    ExtentTree tree = tree();
    disk.change(
        tree.blocksTouchedByInsert(),
        tree.nodesForInsert(),
        (tx, source) -> tree.markUnwritten(tx, source, logical, length));
    model.mark(logical, length, true);
  }

  private Removal remove(long from, long to, int maxExtents) throws IOException {
    Removal removal = tree().planRemoval(from, to, maxExtents);
    Set<Long> freed = new HashSet<>();
    for (Run run : removal.data()) {
      for (long at = run.first(); at < run.first() + run.length(); at++) {
        assertTrue(freed.add(at), "a block is freed twice");
      }
    }
    if (!freed.isEmpty()) {
      assertEquals(
          new HashSet<>(model.physicalBlocks(removal.lowestLogical(), to)),
          freed,
          "blocks that are freed");
      model.remove(removal.lowestLogical(), to);
    }
    if (removal.complete()) {
      assertEquals(List.of(), model.physicalBlocks(from, to));
    }
    Set<Long> before = Set.copyOf(disk.allocated());
    disk.change(removal.credits(), removal.nodesNeeded(), removal::apply);
    for (FreedNode node : removal.nodes()) {
      assertTrue(before.contains(node.address()));
      assertFalse(disk.allocated().contains(node.address()));
      assertTrue(node.version() >= disk.versionOfFreed(node.address()));
    }
    countData(-freed.size());
    return removal;
  }

  private List<Mapping> extents() throws IOException {
    List<Mapping> extents = new ArrayList<>();
    tree().forEach(0, extents::add);
    return extents;
  }

  private void check() throws IOException {
    assertEquals(model.blocks, ExtentTreeModel.blocksOf(extents()));
    Set<Long> nodes = new HashSet<>();
    BlockTree tree = blockTree();
    collect(tree, tree.root(), 0, Long.MAX_VALUE, nodes);
    assertEquals(disk.allocated(), nodes);
    assertEquals(dataBlocks + nodes.size(), InodeBlock.blocks(disk.attributes()));
    if (model.blocks.isEmpty()) {
      assertEquals(0, tree.root().level());
    }
  }

  private void collect(BlockTree tree, TreeNode node, long low, long high, Set<Long> nodes)
      throws IOException {
    if (!node.isRoot()) {
      assertTrue(nodes.add(node.address()), "a node that two parents lead to");
    }
    for (int i = 0; node.level() > 0 && i < node.count(); i++) {
      long childLow = i == 0 ? low : node.key(i);
      long childHigh = i + 1 < node.count() ? node.key(i + 1) : high;
      collect(tree, tree.child(node, i, childLow, childHigh), childLow, childHigh, nodes);
    }
  }

  @Property(tries = 40)
  void randomChangesLeaveWhatTheModelHas(@ForAll long seed, @ForAll @IntRange(max = 2) int kind)
      throws IOException {
    // Tries share nothing.
    new ExtentTreeTest().changeAtRandom(seed, kind);
  }

  private void changeAtRandom(long seed, int kind) throws IOException {
    // A narrow space has many merges and overlaps, a wide one deep trees.
    int space = new int[] {60, 4_000, 40_000}[kind];
    int steps = new int[] {300, 700, 1_500}[kind];
    Random random = new Random(seed);
    for (int step = 0; step < steps; step++) {
      long at = random.nextInt(space);
      int what = random.nextInt(20);
      if (what < 12) {
        int length = (int) Math.min(1 + random.nextInt(6), model.hole(at, 10));
        if (length > 0) {
          // Physical follows logical half of the time, so that there is something to merge.
          long physical = random.nextBoolean() ? 1_000_000 + at : 2_000_000 + step * 8L;
          insert(at, physical, length, random.nextInt(3) == 0);
        }
      } else if (what < 17) {
        Mapping extent = tree().find(at);
        if (!extent.isHole()) {
          int length = 1 + random.nextInt((int) (extent.end() - at));
          if (random.nextInt(3) > 0) {
            markWritten(at, length);
          } else {
            markUnwritten(at, length);
          }
        }
      } else if (what < 19 || step % 97 != 0) {
        remove(at, at + 1 + random.nextInt(12), 1 + random.nextInt(8));
      } else {
        remove(at, random.nextBoolean() ? Long.MAX_VALUE : at + space / 4, random.nextInt(300) + 1);
      }
      if (step % 50 == 0) {
        disk.reload();
        check();
      }
    }
    check();
    while (!remove(0, Long.MAX_VALUE, 50).complete()) {
      check();
    }
    check();
    assertTrue(model.blocks.isEmpty());
  }

  @Property(tries = 20)
  void findTellsExtentOrHole(@ForAll long seed) throws IOException {
    new ExtentTreeTest().findEverywhere(seed);
  }

  private void findEverywhere(long seed) throws IOException {
    Random random = new Random(seed);
    for (int i = 0; i < 600; i++) {
      long at = random.nextInt(3_000);
      int length = (int) Math.min(1 + random.nextInt(3), model.hole(at, 3));
      if (length > 0) {
        insert(at, 100_000 + 10L * i, length, false);
      }
    }
    for (long at = 0; at < 3_010; at++) {
      Mapping mapping = tree().find(at);
      ExtentTreeModel.Place place = model.blocks.get(at);
      if (place != null) {
        assertTrue(mapping.logical() <= at && at < mapping.end());
        assertEquals(place.physical(), mapping.physicalOf(at));
      } else {
        assertEquals(Mapping.hole(at, model.hole(at, Long.MAX_VALUE)), mapping);
      }
    }
  }

  @Test
  void sequentialAppendsLeaveFullLeaves() throws IOException {
    for (int i = 0; i < 5_000; i++) {
      insert(i, 100_000 + 2L * i, 1, false);
    }
    int leaves = disk.blocksOf(ExtentEntry.MAGIC).size();
    assertEquals((5_000 + ExtentEntry.BLOCK_CAPACITY - 1) / ExtentEntry.BLOCK_CAPACITY, leaves);
    check();
  }

  @Test
  void descendingInsertsGrowATreeOfSeveralLevels() throws IOException {
    for (int i = 30_000; i > 0; i--) {
      insert(2L * i, 100_000 + 2L * i, 1, false);
    }
    assertEquals(2, blockTree().root().level());
    disk.reload();
    check();
  }

  @Test
  void contiguousInsertsMergeIntoOneExtent() throws IOException {
    insert(10, 510, 5, false);
    insert(0, 500, 10, false);
    insert(20, 520, 5, false);
    insert(15, 515, 5, false);
    assertEquals(List.of(new Mapping(0, 500, 25, false)), extents());
  }

  @Test
  void unlikeNeighboursStayApart() throws IOException {
    insert(0, 500, 5, false);
    insert(5, 505, 5, true);
    insert(10, 600, 5, true);
    assertEquals(3, extents().size());
  }

  @Test
  void extentsDoNotMergeBeyondTheLongestLength() throws IOException {
    int half = 1 << 30;
    ExtentTree tree = tree();
    disk.change(
        2,
        1,
        (tx, source) -> {
          tree.insert(tx, source, 0, 1_000, half, false);
          tree.insert(tx, source, half, 1_000L + half, half, false);
        });
    assertEquals(2, extents().size());
  }

  @Test
  void writingTheMiddleOfAnUnwrittenExtentMakesThreeAndWritingTheRestMakesOne() throws IOException {
    insert(0, 500, 30, true);
    markWritten(10, 10);
    assertEquals(3, extents().size());
    markWritten(0, 10);
    markWritten(20, 10);
    markWritten(20, 5);
    assertEquals(List.of(new Mapping(0, 500, 30, false)), extents());
  }

  @Test
  void insertThatReachesOverTheNextLeafsOldKeyIsFoundWhole() throws IOException {
    for (int i = 0; i < 400; i++) {
      insert(20L * i, 100_000 + 40L * i, 1, false);
    }
    // Makes room around every leaf's border, without emptying a leaf.
    for (int i = 1; i < 400; i++) {
      if (i % 3 != 0) {
        remove(20L * i, 20L * i + 1, 10);
      }
    }
    for (int i = 0; i < 399; i += 3) {
      insert(
          20L * i + 1,
          500_000 + 100L * i,
          (int) tree().find(20L * i + 1).length() > 59 ? 1 : 59,
          false);
    }
    disk.reload();
    check();
  }

  @Test
  void holePunchedInAFullLeafTakesTheNodesItAsksFor() throws IOException {
    for (int i = 0; i < ExtentEntry.BLOCK_CAPACITY * 3; i++) {
      insert(10L * i, 100_000 + 20L * i, 9, false);
    }
    Removal removal = tree().planRemoval(14, 16, 10);
    assertTrue(removal.nodesNeeded() > 0);
    remove(14, 16, 10);
    check();
    Removal roomy = tree().planRemoval(24, 26, 10);
    assertEquals(0, roomy.nodesNeeded());
    remove(24, 26, 10);
    check();
  }

  @Test
  void removalInPiecesGoesFromTheEndBackwards() throws IOException {
    for (int i = 0; i < 1_000; i++) {
      insert(3L * i, 100_000 + 3L * i, 1, false);
    }
    Removal first = remove(300, Long.MAX_VALUE, 200);
    assertFalse(first.complete());
    assertEquals(200, first.data().size());
    assertEquals(3 * 800, first.lowestLogical());
    int steps = 1;
    while (!remove(300, Long.MAX_VALUE, 200).complete()) {
      steps++;
    }
    assertEquals(4, steps);
    check();
  }

  @Test
  void removalOfNothingChangesNothing() throws IOException {
    insert(5, 100, 1, false);
    Removal removal = tree().planRemoval(6, Long.MAX_VALUE, 10);
    assertTrue(removal.complete());
    assertTrue(removal.data().isEmpty() && removal.nodes().isEmpty());
    disk.change(0, 0, removal::apply);
    check();
  }

  @Test
  void overlappingInsertIsRefusedAndChangesNothing() throws IOException {
    insert(10, 100, 10, false);
    for (long at : new long[] {5, 10, 15, 19}) {
      assertThrows(IllegalStateException.class, () -> insert(at, 5_000, 6, false));
    }
    check();
  }

  @Test
  void markingBeyondAnExtentIsRefused() throws IOException {
    insert(10, 100, 10, true);
    assertThrows(IllegalStateException.class, () -> markWritten(15, 6));
    assertThrows(IllegalStateException.class, () -> markWritten(9, 1));
    check();
  }

  private void grow() throws IOException {
    for (int i = 0; i < 2_000; i++) {
      insert(2L * i, 100_000 + 2L * i, 1, false);
    }
    assertEquals(1, blockTree().root().level());
  }

  /** Field of the first leaf, or of the root, that gets a wrong value. */
  @ParameterizedTest
  @CsvSource({
    "leaf, 64, 2, 1", // level
    "leaf, 66, 2, 168", // count
    "leaf, 66, 2, 0",
    "leaf, 66, 2, 65535",
    "leaf, 80, 8, 9999999", // logical of the first entry
    "leaf, 104, 8, 0", // logical of the second entry
    "leaf, 104, 8, -5",
    "leaf, 88, 8, 0", // physical
    "leaf, 96, 4, 0", // length
    "leaf, 96, 4, -1",
    "leaf, 100, 4, 6", // flags
    "leaf, 40, 8, 77", // owner
    "root, 156, 4, 3", // layout
    "root, 256, 2, 0", // level
    "root, 256, 2, 2",
    "root, 256, 2, 65535",
    "root, 258, 2, 0", // count
    "root, 258, 2, 160",
    "root, 296, 8, 0", // key of the second entry
    "root, 280, 8, 0", // first child
    "root, 280, 8, -1",
    "root, 280, 8, 1000", // the inode itself
  })
  void damagedNodeIsRefused(String where, int offset, int bytes, long value) throws IOException {
    grow();
    long address =
        where.equals("root") ? MetadataHarness.INODE : disk.blocksOf(ExtentEntry.MAGIC).get(0);
    disk.damage(address, offset, value, bytes);
    assertThrows(DamagedBlockException.class, () -> tree().find(0));
    assertThrows(DamagedBlockException.class, this::extents);
    assertThrows(DamagedBlockException.class, () -> tree().planRemoval(0, Long.MAX_VALUE, 9_999));
  }

  @Test
  void indexNodeThatLeadsToItselfIsRefused() throws IOException {
    for (int i = 0; i < 30_000; i++) {
      insert(2L * i, 100_000 + 2L * i, 1, false);
    }
    long index = disk.blocksOf(IndexEntry.MAGIC).get(0);
    disk.damage(index, NodeHeader.BLOCK_BASE + NodeHeader.LENGTH + 8, index, 8);
    assertThrows(DamagedBlockException.class, () -> tree().find(0));
  }

  @Test
  void removalOfMoreBlocksThanTheInodeCountsIsRefused() throws IOException {
    insert(0, 100, 10, false);
    disk.damage(MetadataHarness.INODE, InodeBlock.BLOCKS_OFFSET, 9, 8);
    assertThrows(DamagedBlockException.class, () -> tree().planRemoval(0, 10, 10));
  }
}
