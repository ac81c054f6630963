package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each promise of the format about inodes and trees: broken, found by -n, mended by -y. */
class InodeDamageTest {
  @TempDir static Path directory;

  private static byte[] good;

  @BeforeAll
  static void populate() throws IOException {
    good = FuzzCampaign.goodImage(directory.resolve("good.img"));
  }

  private static Path planted(Plants.Plant plant) throws IOException {
    Path file = TestVolume.reset(directory.resolve("volume.img"), good);
    try (TestVolume volume = TestVolume.open(file)) {
      plant.into(volume);
    }
    return file;
  }

  static List<InodePlants.Variant> variants() {
    return InodePlants.all();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void brokenPromiseIsFoundAndMended(InodePlants.Variant variant) throws IOException {
    Path file = planted(variant.plant());
    byte[] before = Files.readAllBytes(file);
    TestVolume.Result looked = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.LEFT, looked.status(), looked.output());
    assertTrue(looked.found().contains(variant.problem()), looked.output());
    assertArrayEquals(before, Files.readAllBytes(file), "-n wrote");
    requireMended(file);
  }

  private static TestVolume.Result requireMended(Path file) throws IOException {
    TestVolume.Result repaired = TestVolume.run(file, Mode.YES);
    assertEquals(Fsck.CORRECTED, repaired.status(), repaired.output());
    TestVolume.Result again = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.CLEAN, again.status(), repaired.output() + again.output());
    return repaired;
  }

  @Test
  void unwrittenBlocksBehindTheEndAreNoProblem() throws IOException {
    Path file =
        planted(
            v -> {
              long leaf = v.lastLeaf(v.big);
              v.change(
                  leaf,
                  b -> {
                    int last = NodeHeader.count(b, NodeHeader.BLOCK_BASE) - 1;
                    int at = ExtentEntry.at(NodeHeader.BLOCK_BASE, last);
                    ExtentEntry.flags(b, at, ExtentEntry.UNWRITTEN);
                  });
              v.change(v.big, b -> InodeBlock.size(b, (2L * TestVolume.EXTENTS - 3) * 4096));
            });
    TestVolume.Result result = TestVolume.run(file, Mode.NO);
    assertEquals(Fsck.CLEAN, result.status(), result.output());
  }

  @Test
  void directoryOfAnotherLayoutKeepsItsNames() throws IOException {
    Path file =
        planted(v -> v.change(v.directory, b -> InodeBlock.layout(b, InodeBlock.LAYOUT_NONE)));
    requireMended(file);
    try (TestVolume volume = TestVolume.open(file)) {
      assertEquals(TestVolume.FILES + 1, volume.names(volume.directory).size());
    }
  }

  @Test
  void attributesBeforeTheDamageAreKept() throws IOException {
    Path file =
        planted(
            v -> {
              InodePlants.stream(
                  v, InodePlants.attribute("user.a", 5000), InodePlants.attribute("user.b", 9));
              v.change(v.withXattr, b -> InodeBlock.xattrBytes(b, 1));
            });
    requireMended(file);
    try (TestVolume volume = TestVolume.open(file)) {
      assertEquals(
          InodePlants.attribute("user.a", 5000).length + InodePlants.attribute("user.b", 9).length,
          InodeBlock.xattrBytes(volume.inode(volume.withXattr)));
    }
  }

  @Test
  void lostFoundThatWasRemovedIsMissedOnlyWhenItIsNeeded() throws IOException {
    Path file = planted(InodeDamageTest::removeLostFound);
    for (Mode mode : new Mode[] {Mode.NO, Mode.YES, Mode.PREEN}) {
      TestVolume.Result result = TestVolume.run(file, mode);
      assertEquals(Fsck.CLEAN, result.status(), result.output());
    }
    try (TestVolume volume = TestVolume.open(file)) {
      volume.make(InodeInfo.DIRECTORY | 0755, 2, 0);
      volume.make(InodeInfo.REGULAR | 0644, 1, 0);
    }
    TestVolume.Result repaired = requireMended(file);
    assertTrue(repaired.found().contains(Problem.LOST_FOUND_MISSING), repaired.output());
    assertFalse(repaired.found().contains(Problem.LINK_COUNT_WRONG), repaired.output());
    try (TestVolume volume = TestVolume.open(file)) {
      long made = volume.lookup(volume.check.rootInode(), "lost+found");
      assertEquals(2, volume.names(made).size());
      assertEquals(3, InodeBlock.linkCount(volume.inode(made)));
    }
  }

  @Test
  void fileNamedLostFoundIsLeftAlone() throws IOException {
    Path file =
        planted(
            v -> {
              removeLostFound(v);
              Plants.change(
                  v, names -> names.add(v.entry("lost+found", v.small, DirectoryEntry.DT_REG)));
              v.change(v.small, b -> InodeBlock.linkCount(b, 3));
              v.make(InodeInfo.REGULAR | 0644, 1, 0);
            });
    requireMended(file);
    try (TestVolume volume = TestVolume.open(file)) {
      assertEquals(volume.small, volume.lookup(volume.check.rootInode(), "lost+found"));
      long made = volume.lookup(volume.check.rootInode(), "lost+found~1");
      assertEquals(1, volume.names(made).size());
    }
  }

  private static void removeLostFound(TestVolume v) throws IOException {
    long root = v.check.rootInode();
    long number = v.lookup(root, "lost+found");
    Plants.change(v, names -> names.removeIf(e -> e.inode() == number));
    v.change(root, b -> InodeBlock.linkCount(b, InodeBlock.linkCount(b) - 1));
    v.check.free(number);
  }
}
