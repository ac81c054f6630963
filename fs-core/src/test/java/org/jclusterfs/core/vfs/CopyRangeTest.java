package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** copy_file_range(2) on one node. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CopyRangeTest {
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int LARGEST = 3_000_000;

  @TempDir Path directory;
  private TestVolume a;

  @BeforeEach
  void mount() throws Exception {
    a = TestVolume.in(directory);
  }

  @AfterEach
  void unmount() throws Exception {
    a.close();
  }

  private static byte[] pattern(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private long copy(OpenFile source, long from, OpenFile target, long to, long length)
      throws FsException {
    return a.vfs.copyRange(source, from, target, to, length, 0, Cancellation.NEVER);
  }

  @Test
  void randomCopiesEqualThoseOfArrays() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    OpenFile[] files = {a.create(a.root(), "one"), a.create(a.root(), "two")};
    byte[][] models = {new byte[LARGEST], new byte[LARGEST]};
    int[] sizes = new int[2];
    for (int step = 0; step < 150; step++) {
      int from = random.nextInt(2);
      int to = random.nextInt(2);
      int offset = random.nextInt(LARGEST / 3) & (random.nextBoolean() ? -1 : ~4095);
      int at = random.nextInt(LARGEST / 3) & (random.nextBoolean() ? -1 : ~4095);
      int length = 1 + random.nextInt(random.nextBoolean() ? 2_000 : LARGEST / 3);
      if (random.nextInt(3) == 0) {
        byte[] data = pattern(1 + random.nextInt(200_000), step);
        a.write(files[to], at, data);
        System.arraycopy(data, 0, models[to], at, data.length);
        sizes[to] = Math.max(sizes[to], at + data.length);
      } else if (random.nextInt(4) == 0) {
        boolean punch = random.nextBoolean();
        a.vfs.allocate(files[to], punch ? 3 : 1, at, length);
        if (punch) {
          Arrays.fill(models[to], at, at + length, (byte) 0);
        }
      } else if (from == to && Math.abs(offset - at) < length) {
        int f = from;
        assertEquals(
            Failure.INVALID,
            assertThrows(FsException.class, () -> copy(files[f], offset, files[f], at, length))
                .failure());
      } else {
        int expected = Math.max(0, Math.min(length, sizes[from] - offset));
        assertEquals(
            expected, copy(files[from], offset, files[to], at, length), "count at step " + step);
        System.arraycopy(models[from], offset, models[to], at, expected);
        if (expected > 0) {
          sizes[to] = Math.max(sizes[to], at + expected);
        }
      }
      assertArrayEquals(
          Arrays.copyOf(models[to], sizes[to]),
          a.read(files[to], 0, LARGEST),
          "content at step " + step + ", seed " + seed);
    }
  }

  @Test
  void holesStayHolesAndTakeNoSpace() throws Exception {
    OpenFile source = a.create(a.root(), "sparse");
    a.write(source, 1L << 40, pattern(8192, 1));
    a.truncate(source.inode(), 1L << 41);
    OpenFile target = a.create(a.root(), "copy");
    a.write(target, 1L << 30, pattern(1 << 20, 2));

    assertEquals(1L << 41, copy(source, 0, target, 0, Long.MAX_VALUE));

    assertEquals(1L << 41, a.attributes(target.inode()).size());
    assertEquals(1L << 40, a.vfs.seek(target, 0, SEEK_DATA));
    assertEquals((1L << 40) + 8192, a.vfs.seek(target, 1L << 40, SEEK_HOLE));
    assertTrue(a.attributes(target.inode()).sectors() <= 32);
    assertArrayEquals(pattern(8192, 1), a.read(target, 1L << 40, 8192));
    assertArrayEquals(new byte[4096], a.read(target, 1L << 30, 4096));
  }

  @Test
  void copyBeyondTheEndOfTheSourceCopiesNothing() throws Exception {
    OpenFile source = a.create(a.root(), "source");
    a.write(source, 0, pattern(100, 1));
    OpenFile target = a.create(a.root(), "target");
    assertEquals(0, copy(source, 100, target, 5000, 10));
    assertEquals(0, a.attributes(target.inode()).size());
    assertEquals(40, copy(source, 60, target, 5000, 1000));
    assertEquals(5040, a.attributes(target.inode()).size());
  }

  @Test
  void cancelledCopyTellsHowMuchItCopied() throws Exception {
    OpenFile source = a.create(a.root(), "source");
    a.write(source, 0, pattern(LARGEST, 1));
    OpenFile target = a.create(a.root(), "target");
    long copied = a.vfs.copyRange(source, 0, target, 0, LARGEST, 0, Runnable::run);
    assertTrue(copied > 0 && copied < LARGEST, "copied " + copied);
    assertEquals(copied, a.attributes(target.inode()).size());
  }
}
