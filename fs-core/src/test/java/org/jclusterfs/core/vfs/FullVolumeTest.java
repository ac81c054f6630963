package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two nodes on a volume without a block that a file could take. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class FullVolumeTest extends TwoMounts {
  private static final int BLOCK = 4096;
  private static final int SMALL = 24;

  /** Small files s0 … s23 of 3 blocks, hard links to one of them, and one file with the rest. */
  private void fill() throws FsException {
    for (int i = 0; i < SMALL; i++) {
      OpenFile file = a.create(root, "s" + i);
      a.write(file, 0, new byte[3 * BLOCK]);
      a.vfs.release(file, 0);
    }
    OpenFile rest = a.create(root, "rest");
    long step = 16L << 20;
    for (long at = 0; step >= BLOCK; ) {
      try {
        a.vfs.allocate(rest, 0, at, step);
        at += step;
      } catch (FsException e) {
        assertEquals(Failure.NO_SPACE, e.failure());
        step /= 2;
      }
    }
    a.vfs.release(rest, 0);
  }

  private static Failure refused(TestVolume node, long root, String name) {
    return assertThrows(
            FsException.class, () -> node.write(node.create(root, name), 0, new byte[5000]))
        .failure();
  }

  @Test
  void whatNeedsNoSpaceWorks() throws Exception {
    fill();
    VolumeStatistics full = a.vfs.statistics();
    assertEquals(0, full.availableBlocks(), "what df shows can be used");
    assertTrue(full.freeBlocks() > 0, "kept back");
    for (TestVolume node : new TestVolume[] {a, b}) {
      assertEquals(Failure.NO_SPACE, refused(node, root, "new"));
    }
    b.rename(root, "s0", root, "another name of it");
    b.rename(root, "s1", root, "s2");
    a.vfs.link(
        InodeId.ofNumber(a.lookup(root, "s3").inode()),
        InodeId.ofNumber(root),
        TestVolume.name("link"),
        done -> {});
    a.unlink(root, "link");
    long size = a.attributes(a.lookup(root, "rest").inode()).size();
    OpenFile file = a.open(a.lookup(root, "s4").inode(), TestVolume.O_RDWR);
    a.truncate(file.inode(), 1L << 40);
    assertEquals(
        Failure.NO_SPACE,
        assertThrows(FsException.class, () -> a.vfs.allocate(file, 0, 0, 64L << 20)).failure());
    assertEquals(1L << 40, a.attributes(file.inode()).size());
    assertEquals(3 * 8, a.attributes(file.inode()).sectors(), "nothing of it is kept");
    assertEquals(size, a.attributes(a.lookup(root, "rest").inode()).size());
  }

  @Test
  void whatWasRemovedCanBeTakenAtOnceByEitherNode() throws Exception {
    fill();
    for (int i = 0; i < SMALL; i += 2) {
      TestVolume remover = i % 4 == 0 ? a : b;
      TestVolume taker = i % 3 == 0 ? a : b;
      remover.unlink(root, "s" + i);
      remover.unlink(root, "s" + (i + 1));
      OpenFile file = taker.create(root, "t" + i);
      assertEquals(4 * BLOCK, taker.write(file, 0, new byte[4 * BLOCK]), "at " + i);
      taker.vfs.release(file, 0);
    }
  }

  @Test
  void removedFilesCountAsFreeAtOnce() throws Exception {
    OpenFile file = a.create(root, "large");
    a.vfs.allocate(file, 0, 0, 100L << 20);
    a.vfs.release(file, 0);
    long before = a.vfs.statistics().availableBlocks();
    a.unlink(root, "large");
    long after = a.vfs.statistics().availableBlocks();
    assertTrue(after >= before + (100 << 20) / BLOCK, before + " before, " + after + " after");
  }
}
