package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.inode.FileContent;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** fallocate(2) and its like on files of any size, and on a full volume. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SpaceOperationsTest {
  private static final int KEEP = 1;
  private static final int PUNCH = 2;
  private static final int COLLAPSE = 8;
  private static final int ZERO = 16;
  private static final int INSERT = 32;
  private static final int UNSHARE = 64;
  private static final int DATA = 3;
  private static final int HOLE = 4;
  private static final int BLOCK = 4096;
  private static final long LARGEST = FileContent.MAX_SIZE;

  @TempDir Path directory;
  private TestVolume volume;
  private long root;
  private OpenFile file;

  @BeforeEach
  void mount() throws Exception {
    volume = TestVolume.in(directory);
    root = volume.root();
    file = volume.create(root, "file");
  }

  @AfterEach
  void unmount() throws Exception {
    volume.close();
  }

  private static Failure failureOf(Executable action) {
    return assertThrows(FsException.class, action).failure();
  }

  private static byte[] ones(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) 1);
    return bytes;
  }

  private Attributes attributes() throws FsException {
    return volume.attributes(file.inode());
  }

  private long blocks() throws FsException {
    return attributes().sectors() / 8;
  }

  @Test
  void modesThatAreNotSupportedAreRefused() {
    for (int mode : new int[] {PUNCH, COLLAPSE, INSERT, UNSHARE, PUNCH | KEEP | ZERO, 128}) {
      assertEquals(
          Failure.NOT_SUPPORTED, failureOf(() -> volume.vfs.allocate(file, mode, 0, BLOCK)));
    }
    assertEquals(Failure.INVALID, failureOf(() -> volume.vfs.allocate(file, 0, 0, 0)));
    assertEquals(Failure.INVALID, failureOf(() -> volume.vfs.allocate(file, 0, -1, 10)));
    assertEquals(Failure.FILE_TOO_LARGE, failureOf(() -> volume.vfs.allocate(file, 0, LARGEST, 1)));
  }

  @Test
  void zeroedRangeReadsAsZerosAndKeepsItsBlocks() throws Exception {
    volume.write(file, 0, ones(10 * BLOCK));
    long blocks = blocks();
    volume.vfs.allocate(file, ZERO | KEEP, 100, 5 * BLOCK);

    byte[] expected = ones(10 * BLOCK);
    Arrays.fill(expected, 100, 100 + 5 * BLOCK, (byte) 0);
    assertArrayEquals(expected, volume.read(file, 0, 10 * BLOCK));
    assertEquals(blocks, blocks(), "blocks");
    assertEquals(BLOCK, volume.vfs.seek(file, 0, HOLE));
    assertEquals(5 * BLOCK, volume.vfs.seek(file, BLOCK, DATA));

    volume.vfs.allocate(file, ZERO, 8 * BLOCK, 4 * BLOCK);
    assertEquals(12 * BLOCK, attributes().size());
    assertEquals(blocks + 2, blocks(), "blocks");
    volume.remount();
    file = volume.open(volume.lookup(root, "file").inode(), TestVolume.O_RDWR);
    Arrays.fill(expected, 8 * BLOCK, 10 * BLOCK, (byte) 0);
    assertArrayEquals(
        Arrays.copyOf(expected, 12 * BLOCK), volume.read(file, 0, 20 * BLOCK), "after a remount");
  }

  @Test
  void spaceKeptBehindTheEndIsThereAndGoesByPunching() throws Exception {
    volume.write(file, 0, ones(5000));
    volume.vfs.allocate(file, KEEP, 0, 100 * BLOCK);
    assertEquals(5000, attributes().size());
    assertEquals(100, blocks());
    assertEquals(5000, volume.vfs.seek(file, 0, HOLE));
    volume.vfs.allocate(file, PUNCH | KEEP, BLOCK, 200L * BLOCK);
    assertEquals(1, blocks());
    assertEquals(5000, attributes().size());
    byte[] expected = ones(5000);
    Arrays.fill(expected, BLOCK, 5000, (byte) 0);
    assertArrayEquals(expected, volume.read(file, 0, 10_000));
  }

  @Test
  void eachChangesTheTimes() throws Exception {
    volume.write(file, 0, ones(3 * BLOCK));
    int[] modes = {0, KEEP, ZERO, ZERO | KEEP, PUNCH | KEEP, PUNCH | KEEP};
    for (int mode : modes) {
      volume.vfs.setAttributes(
          InodeId.ofNumber(file.inode()),
          new AttributeChange(null, null, null, null, Instant.EPOCH, Instant.EPOCH, false),
          done -> {});
      Instant changed = attributes().changeTime();
      volume.vfs.allocate(file, mode, 0, BLOCK);
      assertTrue(attributes().modifyTime().isAfter(Instant.EPOCH), "mtime of mode " + mode);
      assertTrue(attributes().changeTime().isAfter(changed), "ctime of mode " + mode);
    }
  }

  @Test
  void filesReachToTheLargestOffset() throws Exception {
    long[] places = {5L << 30, 17L << 40, 1L << 60, LARGEST - BLOCK};
    for (long place : places) {
      volume.write(file, place - 100, ones(200));
      assertEquals(place + 100, attributes().size());
    }
    long from = 0;
    for (long place : places) {
      long data = volume.vfs.seek(file, from, DATA);
      assertEquals((place - 100) / BLOCK * BLOCK, data);
      from = volume.vfs.seek(file, data, HOLE);
      assertArrayEquals(ones(200), volume.read(file, place - 100, 200));
    }
    volume.vfs.allocate(file, PUNCH | KEEP, 16L << 40, 2L << 40);
    assertArrayEquals(new byte[200], volume.read(file, (17L << 40) - 100, 200));
    volume.truncate(file.inode(), LARGEST);
    assertEquals(LARGEST, attributes().size());
    assertEquals(10, volume.write(file, LARGEST - 10, ones(100)), "as far as a file can go");
    assertEquals(Failure.FILE_TOO_LARGE, failureOf(() -> volume.write(file, LARGEST, ones(1))));
    assertEquals(
        Failure.FILE_TOO_LARGE, failureOf(() -> volume.truncate(file.inode(), LARGEST + 1)));
    volume.truncate(file.inode(), (17L << 40) + 5);
    volume.remount();
    file = volume.open(volume.lookup(root, "file").inode(), TestVolume.O_RDWR);
    assertEquals((17L << 40) + 5, attributes().size());
    assertArrayEquals(ones(200), volume.read(file, (5L << 30) - 100, 200));
  }
}
