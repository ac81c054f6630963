package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories and files with more names and extents than the check keeps in memory at once. */
class LargeTreesTest {
  private static final int NAMES = 60_000;
  private static final int EXTENTS = 70_000;
  private static final long BLOCKS = 100_000;

  @TempDir static Path directory;

  private static final long[] DATA = new long[EXTENTS];

  private static Path file;

  @BeforeAll
  static void populate() throws IOException {
    file = directory.resolve("large.img");
    try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
      image.setLength(BLOCKS * 4096);
    }
    TestVolume.populate(file, BLOCKS);
    try (TestVolume v = TestVolume.open(file)) {
      v.directoryOf(v.subdirectory, links(v));
      v.change(v.small, b -> InodeBlock.linkCount(b, 2 + NAMES));
      List<ExtentCheck.Extent> extents = new ArrayList<>();
      // Data is not looked at, so none is written; the repair enters it in the bitmaps.
      for (int i = 0; i < EXTENTS; i++) {
        DATA[i] = v.check.allocateUnmarked(BitmapBlock.DATA);
        extents.add(new ExtentCheck.Extent(2L * i, DATA[i], 1, 0));
      }
      extents(v, extents);
    }
    repair(EnumSet.of(Problem.BLOCK_WRONGLY_FREE, Problem.BLOCK_LEAKED));
    requireClean("");
  }

  private static List<DirectoryCheck.Entry> links(TestVolume v) {
    List<DirectoryCheck.Entry> names = new ArrayList<>();
    for (int i = 0; i < NAMES; i++) {
      names.add(v.entry("link-" + i, v.small, DirectoryEntry.DT_REG));
    }
    return names;
  }

  private static void extents(TestVolume v, List<ExtentCheck.Extent> extents) throws IOException {
    ByteBuffer block = v.inode(v.big);
    int nodes = new TreeBuilder(v.check, v.big, ExtentEntry.MAGIC).build(block, extents);
    InodeBlock.size(block, 2L * extents.size() * 4096);
    InodeBlock.blocks(block, extents.size() + nodes);
    v.check.store.write(block);
  }

  private static void requireClean(String before) throws IOException {
    TestVolume.Result result = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.CLEAN, result.status(), before + result.output());
  }

  private static void repair(Set<Problem> expected) throws IOException {
    TestVolume.Result result = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, result.status(), result.output());
    assertTrue(expected.containsAll(result.found()), result.output());
  }

  private static void mend(Problem... problems) throws IOException {
    Set<Problem> planted = EnumSet.noneOf(Problem.class);
    planted.addAll(List.of(problems));
    TestVolume.Result looked = TestVolume.run(file, Mode.NO);
    assertTrue(looked.found().containsAll(planted), looked.output());
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    requireClean(repaired.output());
  }

  @Test
  void damagedNamesOfALargeDirectoryAreMended() throws IOException {
    try (TestVolume v = TestVolume.open(file)) {
      List<DirectoryCheck.Entry> names = links(v);
      // The same name under the next cookie: in order, as a bug of an insertion might leave it.
      DirectoryCheck.Entry twice = names.get(5000);
      names.add(twice.withCookie(twice.cookie() + 1));
      DirectoryCheck.Entry typed = names.get(100);
      names.set(100, v.entry(typed.text(), typed.inode(), DirectoryEntry.DT_SOCK));
      names.set(59_999, v.entry("dangling", 12, DirectoryEntry.DT_REG));
      v.directoryOf(v.subdirectory, names);
    }
    mend(Problem.ENTRY_DUPLICATE, Problem.ENTRY_TYPE_WRONG, Problem.ENTRY_DANGLING);
    try (TestVolume v = TestVolume.open(file)) {
      List<DirectoryCheck.Entry> names = v.names(v.subdirectory);
      assertEquals(NAMES, names.size());
      assertEquals(1, names.stream().filter(e -> e.text().equals("link-5000~1")).count());
      assertEquals(NAMES + 2, InodeBlock.linkCount(v.inode(v.small)));
    }
  }

  @Test
  void sharedBlocksAndDisorderOfALongFileAreMended() throws IOException {
    try (TestVolume v = TestVolume.open(file)) {
      List<ExtentCheck.Extent> extents = new ArrayList<>();
      for (int i = 0; i < EXTENTS; i++) {
        long physical = i == 66_000 ? v.small : DATA[i];
        extents.add(new ExtentCheck.Extent(2L * i, physical, 1, 0));
      }
      extents(v, extents);
    }
    mend(Problem.BLOCK_SHARED);
    try (TestVolume v = TestVolume.open(file)) {
      v.change(
          v.firstLeafBelow(v.big),
          b -> {
            int at = ExtentEntry.at(NodeHeader.BLOCK_BASE, 7);
            ExtentEntry.logical(b, at, 3);
          });
    }
    mend(Problem.EXTENT_ORDER_WRONG);
    try (TestVolume v = TestVolume.open(file)) {
      assertTrue(InodeBlock.blocks(v.inode(v.big)) >= EXTENTS - 1);
    }
  }
}
