package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VfsTest {
  @TempDir Path directory;
  private TestVolume volume;
  private long root;

  @BeforeEach
  void mount() throws Exception {
    volume = TestVolume.in(directory);
    root = volume.root();
  }

  @AfterEach
  void unmount() throws Exception {
    volume.close();
  }

  @Test
  void createThatMeetsAnotherTypeLeavesItAloneAndLetsTheKernelLookAgain() throws Exception {
    byte[] link = "link".getBytes(StandardCharsets.UTF_8);
    byte[] target = "where it leads".getBytes(StandardCharsets.UTF_8);
    AtomicReference<Attributes> made = new AtomicReference<>();
    volume.vfs.makeSymlink(InodeId.ofNumber(root), link, target, TestVolume.ROOT, made::set);
    byte[] below = "below".getBytes(StandardCharsets.UTF_8);
    volume.vfs.makeNode(
        InodeId.ofNumber(root), below, FileTypes.DIRECTORY | 0755, 0, 0, TestVolume.ROOT, d -> {});
    int truncating = OpenHandle.O_TRUNC | 2;

    assertEquals(Failure.OTHER_TYPE, failureOf(() -> create(link, truncating)));
    assertEquals(Failure.IS_SYMLINK, failureOf(() -> create(link, OpenHandle.O_NOFOLLOW)));
    assertEquals(Failure.IS_DIRECTORY, failureOf(() -> create(below, 0)));

    AtomicReference<byte[]> read = new AtomicReference<>();
    volume.vfs.readLink(InodeId.ofNumber(made.get().inode()), read::set);
    assertArrayEquals(target, read.get());
  }

  private void create(byte[] name, int flags) throws FsException {
    volume.vfs.create(
        InodeId.ofNumber(root), name, 0644, flags, TestVolume.ROOT, (attributes, file) -> {});
  }

  private static Failure failureOf(org.junit.jupiter.api.function.Executable action) {
    return assertThrows(FsException.class, action).failure();
  }

  private static byte[] pattern(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void seekFindsDataThatAMappingStoredIntoAHole() throws Exception {
    OpenFile file = volume.create(root, "sparse");
    volume.truncate(file.inode(), 65_536);
    volume.vfs.read(file, 32_768, 4_096, true, page -> {}); // a page enters the kernel
    volume.vfs.attach(
        new KernelCaches() {
          @Override
          public void invalidateInode(long inode, boolean attributesOnly) {
            // The process has stored into it: the kernel writes it back before it drops it.
            ByteBuffer stored = ByteBuffer.wrap(pattern(4_096, 3));
            try {
              volume.vfs.write(file, 32_768, stored, 0, true, written -> {});
            } catch (FsException e) {
              throw new IllegalStateException(e);
            }
          }
        });

    assertEquals(32_768, volume.vfs.seek(file, 0, 3));
  }

  @Test
  void smallFileSurvivesRemount() throws Exception {
    OpenFile file = volume.create(root, "hello");
    assertEquals(5, volume.write(file, 0, "world".getBytes(StandardCharsets.UTF_8)));
    volume.vfs.release(file, 0);
    volume.remount();
    Attributes found = volume.lookup(root, "hello");
    assertEquals(5, found.size());
    assertEquals(1, found.linkCount());
    byte[] read = volume.read(volume.open(found.inode(), 0), 0, 100);
    assertEquals("world", new String(read, StandardCharsets.UTF_8));
  }

  @Test
  void largeFileSurvivesRemountByteForByte() throws Exception {
    byte[] content = pattern(5_000_123, 7);
    OpenFile file = volume.create(root, "large");
    for (int at = 0; at < content.length; at += 131_072) {
      int end = Math.min(content.length, at + 131_072);
      volume.write(file, at, Arrays.copyOfRange(content, at, end));
    }
    assertArrayEquals(content, volume.read(file, 0, content.length));
    volume.vfs.release(file, 0);
    volume.remount();
    long inode = volume.lookup(root, "large").inode();
    assertArrayEquals(content, volume.read(volume.open(inode, 0), 0, content.length));
  }

  @Test
  void randomWritesAndTruncatesEqualAnArray() throws Exception {
    long seed = 42;
    Random random = new Random(seed);
    byte[] model = new byte[400_000];
    int size = 0;
    OpenFile file = volume.create(root, "model");
    for (int step = 0; step < 600; step++) {
      int kind = random.nextInt(10);
      if (kind < 6) {
        int at = random.nextInt(300_000);
        byte[] data = pattern(1 + random.nextInt(random.nextBoolean() ? 300 : 50_000), step);
        volume.write(file, at, data);
        System.arraycopy(data, 0, model, at, data.length);
        size = Math.max(size, at + data.length);
      } else if (kind < 8) {
        int to = random.nextInt(350_000);
        volume.truncate(file.inode(), to);
        if (to < size) {
          Arrays.fill(model, to, size, (byte) 0);
        }
        size = to;
      } else if (kind == 8) {
        int at = random.nextInt(300_000);
        int length = 1 + random.nextInt(60_000);
        volume.vfs.allocate(file, 3, at, length);
        int end = Math.min(size, at + length);
        if (at < end) {
          Arrays.fill(model, at, end, (byte) 0);
        }
      } else {
        int at = random.nextInt(300_000);
        int length = 1 + random.nextInt(50_000);
        volume.vfs.allocate(file, 0, at, length);
        size = Math.max(size, at + length);
      }
      if (step % 100 == 50) {
        volume.vfs.release(file, 0);
        volume.remount();
        file = volume.open(volume.lookup(root, "model").inode(), TestVolume.O_RDWR);
      }
      assertEquals(size, volume.attributes(file.inode()).size(), "size at step " + step);
      if (step % 5 == 0) {
        assertArrayEquals(
            Arrays.copyOf(model, size),
            volume.read(file, 0, size + 10),
            "content at step " + step + ", seed " + seed);
      }
    }
  }

  @Test
  void holesReadAsZerosAndTakeNoSpace() throws Exception {
    OpenFile file = volume.create(root, "sparse");
    volume.write(file, 1L << 40, new byte[] {1});
    assertEquals((1L << 40) + 1, volume.attributes(file.inode()).size());
    assertTrue(volume.attributes(file.inode()).sectors() <= 32);
    assertArrayEquals(new byte[4096], volume.read(file, 1L << 30, 4096));
    assertEquals(1L << 40, volume.vfs.seek(file, 4096, 3));
    assertEquals(4096, volume.vfs.seek(file, 4096, 4));
  }

  @Test
  void namesOfAThousandFilesAreListedOnceEach() throws Exception {
    long dir = volume.makeDirectory(root, "many").inode();
    TreeSet<String> expected = new TreeSet<>();
    for (int i = 0; i < 1000; i++) {
      String name = "file-" + i;
      volume.vfs.release(volume.create(dir, name), 0);
      expected.add(name);
    }
    List<String> listed = volume.list(dir);
    assertEquals(1000, listed.size());
    assertEquals(expected, new TreeSet<>(listed));
    volume.remount();
    assertEquals(expected, new TreeSet<>(volume.list(dir)));
  }

  @Test
  void unlinkedFilesGiveTheirSpaceBack() throws Exception {
    long before = volume.freeBlocks();
    for (int i = 0; i < 50; i++) {
      OpenFile file = volume.create(root, "f" + i);
      volume.write(file, 0, pattern(100_000, i));
      volume.vfs.release(file, 0);
    }
    assertTrue(volume.freeBlocks() <= before - 50 * 25);
    for (int i = 0; i < 50; i++) {
      volume.unlink(root, "f" + i);
    }
    // Leaves of the orphan directory stay allocated, as those of every directory do.
    TestVolume.eventually(() -> volume.freeBlocks() >= before - 4);
  }

  @Test
  void unlinkedFileStaysReadableWhileOpen() throws Exception {
    OpenFile file = volume.create(root, "gone");
    volume.write(file, 0, pattern(20_000, 3));
    volume.unlink(root, "gone");
    assertEquals(Failure.NO_ENTRY, failureOf(() -> volume.lookup(root, "gone")));
    Thread.sleep(400);
    assertArrayEquals(pattern(20_000, 3), volume.read(file, 0, 20_000));
    assertEquals(0, volume.attributes(file.inode()).linkCount());
    volume.vfs.release(file, 0);
    TestVolume.eventually(
        () -> {
          try {
            volume.attributes(file.inode());
            return false;
          } catch (FsException e) {
            return e.failure() == Failure.STALE;
          }
        });
  }

  @Test
  void symbolicLinksOfEveryLengthAreReadBack() throws Exception {
    for (int length : new int[] {1, 3840, 3841, 4095}) {
      byte[] target = new byte[length];
      Arrays.fill(target, (byte) 't');
      byte[] name = TestVolume.name("link" + length);
      volume.vfs.makeSymlink(InodeId.ofNumber(root), name, target, TestVolume.ROOT, done -> {});
      volume.remount();
      AtomicReference<byte[]> read = new AtomicReference<>();
      volume.vfs.readLink(
          InodeId.ofNumber(volume.lookup(root, "link" + length).inode()), read::set);
      assertArrayEquals(target, read.get());
      volume.unlink(root, "link" + length);
    }
    byte[] tooLong = new byte[4096];
    assertEquals(
        Failure.NAME_TOO_LONG,
        failureOf(
            () ->
                volume.vfs.makeSymlink(
                    InodeId.ofNumber(root),
                    TestVolume.name("x"),
                    tooLong,
                    TestVolume.ROOT,
                    done -> {})));
  }

  @Test
  void hardLinksShareContentAndCount() throws Exception {
    OpenFile file = volume.create(root, "one");
    volume.write(file, 0, new byte[] {1, 2, 3});
    volume.vfs.link(
        InodeId.ofNumber(file.inode()), InodeId.ofNumber(root), TestVolume.name("two"), done -> {});
    assertEquals(2, volume.lookup(root, "two").linkCount());
    volume.unlink(root, "one");
    assertEquals(1, volume.lookup(root, "two").linkCount());
    assertEquals(
        Failure.EXISTS,
        failureOf(
            () ->
                volume.vfs.link(
                    InodeId.ofNumber(file.inode()),
                    InodeId.ofNumber(root),
                    TestVolume.name("two"),
                    done -> {})));
  }

  @Test
  void renameReplacesAndKeepsLinkCounts() throws Exception {
    long a = volume.makeDirectory(root, "a").inode();
    long b = volume.makeDirectory(root, "b").inode();
    volume.vfs.release(volume.create(a, "f"), 0);
    volume.vfs.release(volume.create(b, "g"), 0);
    volume.rename(a, "f", b, "g");
    assertEquals(List.of(), volume.list(a));
    assertEquals(List.of("g"), volume.list(b));
    volume.makeDirectory(a, "sub");
    assertEquals(3, volume.attributes(a).linkCount());
    volume.rename(a, "sub", b, "sub");
    assertEquals(2, volume.attributes(a).linkCount());
    assertEquals(3, volume.attributes(b).linkCount());
    long sub = volume.lookup(b, "sub").inode();
    assertEquals(Failure.INVALID, failureOf(() -> volume.rename(root, "b", sub, "loop")));
    assertEquals(Failure.NOT_EMPTY, failureOf(() -> volume.rename(root, "a", root, "b")));
    volume.vfs.rename(
        InodeId.ofNumber(root),
        TestVolume.name("a"),
        InodeId.ofNumber(b),
        TestVolume.name("sub"),
        Vfs.RENAME_EXCHANGE,
        TestVolume.ROOT,
        done -> {});
    assertEquals(sub, volume.lookup(root, "a").inode());
    assertEquals(a, volume.lookup(b, "sub").inode());
  }

  @Test
  void directoriesAreRemovedOnlyWhenEmpty() throws Exception {
    long dir = volume.makeDirectory(root, "dir").inode();
    volume.vfs.release(volume.create(dir, "f"), 0);
    byte[] name = TestVolume.name("dir");
    assertEquals(
        Failure.NOT_EMPTY,
        failureOf(() -> volume.vfs.removeDirectory(InodeId.ofNumber(root), name, done -> {})));
    assertEquals(Failure.IS_DIRECTORY, failureOf(() -> volume.unlink(root, "dir")));
    volume.unlink(dir, "f");
    int links = volume.attributes(root).linkCount();
    volume.vfs.removeDirectory(InodeId.ofNumber(root), name, done -> {});
    assertEquals(links - 1, volume.attributes(root).linkCount());
  }

  @Test
  void extendedAttributesAreKeptAndListed() throws Exception {
    OpenFile file = volume.create(root, "x");
    long inode = file.inode();
    byte[] big = pattern(9_000, 1);
    for (String foreign : new String[] {"colour", "user.", "users.a", "system.a"}) {
      Failure failure = foreign.endsWith(".") ? Failure.INVALID : Failure.NOT_SUPPORTED;
      byte[] name = TestVolume.name(foreign);
      assertEquals(
          failure,
          failureOf(() -> volume.vfs.setXattr(InodeId.ofNumber(inode), name, big, 0)),
          foreign);
      assertEquals(
          failure,
          failureOf(() -> volume.vfs.getXattr(InodeId.ofNumber(inode), name, value -> {})),
          foreign);
      assertEquals(
          failure, failureOf(() -> volume.vfs.removeXattr(InodeId.ofNumber(inode), name)), foreign);
    }
    volume.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.small"), new byte[] {7}, 0);
    volume.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.big"), big, 1);
    assertEquals(
        Failure.EXISTS,
        failureOf(
            () ->
                volume.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.big"), big, 1)));
    volume.vfs.release(file, 0);
    volume.remount();
    AtomicReference<byte[]> got = new AtomicReference<>();
    volume.vfs.getXattr(InodeId.ofNumber(inode), TestVolume.name("user.big"), got::set);
    assertArrayEquals(big, got.get());
    volume.vfs.removeXattr(InodeId.ofNumber(inode), TestVolume.name("user.big"));
    List<String> names = new ArrayList<>();
    volume.vfs.listXattrs(
        InodeId.ofNumber(inode),
        all -> all.forEach(n -> names.add(new String(n, StandardCharsets.UTF_8))));
    assertEquals(List.of("user.small"), names);
    assertEquals(
        Failure.NO_ATTRIBUTE,
        failureOf(
            () ->
                volume.vfs.getXattr(
                    InodeId.ofNumber(inode), TestVolume.name("user.big"), b -> {})));
  }

  @Test
  void appendersOfManyThreadsLoseNothing() throws Exception {
    OpenFile file = volume.create(root, "log", 1 | OpenHandle.O_APPEND);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      byte[] record = new byte[64];
      Arrays.fill(record, (byte) (t + 1));
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 500; i++) {
                  try {
                    volume.write(file, 0, record);
                  } catch (FsException e) {
                    throw new IllegalStateException(e);
                  }
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    byte[] all = volume.read(file, 0, 1 << 20);
    assertEquals(4 * 500 * 64, all.length);
    int[] counts = new int[5];
    for (int at = 0; at < all.length; at += 64) {
      counts[all[at]]++;
      for (int i = 1; i < 64; i++) {
        assertEquals(all[at], all[at + i], "torn record at " + at);
      }
    }
    assertArrayEquals(new int[] {0, 500, 500, 500, 500}, counts);
  }

  @Test
  void fullVolumeSaysNoSpaceAndRecovers() throws Exception {
    OpenFile file = volume.create(root, "fill");
    byte[] piece = pattern(1 << 20, 9);
    long at = 0;
    Failure failure = null;
    while (failure == null) {
      try {
        at += volume.write(file, at, piece);
      } catch (FsException e) {
        failure = e.failure();
      }
    }
    assertEquals(Failure.NO_SPACE, failure);
    long end = at;
    assertArrayEquals(Arrays.copyOf(piece, 4096), volume.read(file, (end >> 20) - 1 << 20, 4096));
    volume.truncate(file.inode(), 0);
    volume.write(file, 0, piece);
    assertArrayEquals(piece, volume.read(file, 0, 1 << 20));
  }
}
