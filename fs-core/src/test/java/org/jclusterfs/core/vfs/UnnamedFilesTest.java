package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files without a name, and the device that a rename leaves behind. */
class UnnamedFilesTest {
  private static final Caller USER = new Caller(1000, 1001, 027);
  private static final byte[] DATA = new byte[9000];
  private static final int O_EXCL = 0200;
  private static final int ROUNDS = 500;

  @TempDir Path directory;
  private TestVolume volume;
  private long root;

  @BeforeEach
  void mount() throws Exception {
    volume = TestVolume.in(directory);
    root = volume.makeDirectory(volume.root(), "parent").inode();
  }

  @AfterEach
  void unmount() throws Exception {
    volume.close();
  }

  private OpenFile unnamed(int flags) throws FsException {
    AtomicReference<OpenFile> made = new AtomicReference<>();
    volume.vfs.createUnnamed(
        InodeId.ofNumber(root),
        0666,
        TestVolume.O_RDWR | flags,
        USER,
        (attributes, file) -> made.set(file));
    volume.write(made.get(), 0, DATA);
    return made.get();
  }

  private void link(OpenFile file, String name) throws FsException {
    volume.vfs.link(
        InodeId.ofNumber(file.inode()), InodeId.ofNumber(root), TestVolume.name(name), done -> {});
  }

  private Failure refusal(OpenFile file) {
    return assertThrows(FsException.class, () -> link(file, "refused")).failure();
  }

  @Test
  void fileWithoutNameIsFreedWhenItIsClosed() throws Exception {
    volume.remount();
    long free = volume.freeBlocks();
    OpenFile file = unnamed(0);
    Attributes made = volume.attributes(file.inode());
    assertEquals(List.of(0100640, 0, 1000), List.of(made.mode(), made.linkCount(), made.uid()));
    assertEquals(List.of(), volume.list(root));
    volume.vfs.release(file, 0);
    volume.remount();
    assertEquals(free, volume.freeBlocks());
  }

  @Test
  void fileWithoutNameIsFreedByTheUnmount() throws Exception {
    volume.remount();
    long free = volume.freeBlocks();
    unnamed(0);
    volume.remount();
    assertEquals(free, volume.freeBlocks());
  }

  @Test
  void linkGivesTheFirstNameThatStays() throws Exception {
    OpenFile file = unnamed(0);
    link(file, "name");
    link(file, "another");
    assertEquals(2, volume.attributes(file.inode()).linkCount());
    volume.vfs.release(file, 0);
    volume.remount();
    assertEquals(List.of("another", "name"), volume.list(root).stream().sorted().toList());
    OpenFile again = volume.open(volume.lookup(root, "name").inode(), 0);
    assertArrayEquals(DATA, volume.read(again, 0, DATA.length));
    volume.vfs.release(again, 0);
  }

  @Test
  void fileMadeWithExclAndOneThatLostItsNameGetNone() throws Exception {
    OpenFile exclusive = unnamed(O_EXCL);
    assertEquals(Failure.NO_ENTRY, refusal(exclusive));
    OpenFile file = unnamed(0);
    link(file, "name");
    volume.unlink(root, "name");
    assertEquals(Failure.NO_ENTRY, refusal(file));
    volume.vfs.release(file, 0);
    volume.vfs.release(exclusive, 0);
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void fileIsChangedByItsDescriptorWhileItGetsItsName() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      OpenFile file = unnamed(0);
      int mode = i & 0777;
      CompletableFuture<Void> changed =
          CompletableFuture.runAsync(
              () -> {
                try {
                  for (int n = 0; n < 5; n++) {
                    volume.vfs.setAttributes(
                        InodeId.ofNumber(file.inode()),
                        new AttributeChange(mode, null, null, null, null, null, false),
                        done -> {});
                  }
                } catch (FsException e) {
                  throw new CompletionException(e);
                }
              });
      link(file, "name" + i);
      changed.get();
      Attributes now = volume.attributes(file.inode());
      assertEquals(List.of(0100000 | mode, 1), List.of(now.mode(), now.linkCount()));
      volume.vfs.release(file, 0);
    }
    assertEquals(ROUNDS, volume.list(root).size());
  }

  private void rename(String name, String newName, int flags) throws FsException {
    volume.vfs.rename(
        InodeId.ofNumber(root),
        TestVolume.name(name),
        InodeId.ofNumber(root),
        TestVolume.name(newName),
        flags,
        USER,
        done -> {});
  }

  private void assertWhiteout(String name) throws FsException {
    Attributes left = volume.lookup(root, name);
    assertEquals(
        List.of(0020000, 1, 1000, 1001, 0, 0),
        List.of(
            left.mode(),
            left.linkCount(),
            left.uid(),
            left.gid(),
            left.rdevMajor(),
            left.rdevMinor()));
  }

  @Test
  void renameLeavesWhiteout() throws Exception {
    long moved = volume.makeDirectory(root, "directory").inode();
    int links = volume.attributes(root).linkCount();
    rename("directory", "away", Vfs.RENAME_WHITEOUT);
    assertWhiteout("directory");
    assertEquals(moved, volume.lookup(root, "away").inode());
    assertEquals(links, volume.attributes(root).linkCount());
    volume.vfs.release(volume.create(root, "file"), 0);
    volume.vfs.release(volume.create(root, "replaced"), 0);
    rename("file", "replaced", Vfs.RENAME_WHITEOUT);
    assertWhiteout("file");
    FsException taken =
        assertThrows(
            FsException.class,
            () -> rename("replaced", "file", Vfs.RENAME_WHITEOUT | Vfs.RENAME_NOREPLACE));
    assertEquals(Failure.EXISTS, taken.failure());
    rename("replaced", "free", Vfs.RENAME_WHITEOUT | Vfs.RENAME_NOREPLACE);
    FsException both =
        assertThrows(
            FsException.class,
            () -> rename("replaced", "free", Vfs.RENAME_WHITEOUT | Vfs.RENAME_EXCHANGE));
    assertEquals(Failure.INVALID, both.failure());
    volume.remount();
    assertWhiteout("replaced");
    assertEquals(
        List.of("away", "directory", "file", "free", "replaced"),
        volume.list(root).stream().sorted().toList());
  }
}
