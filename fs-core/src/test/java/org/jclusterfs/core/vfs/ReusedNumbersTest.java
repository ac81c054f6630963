package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.RangeLocks;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** One node finds an inode; the other frees it, and makes another one that has its number. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ReusedNumbersTest {
  private static final int BLOCK = 4096;

  /** Blocks that are left free, so that a number's turn comes soon. */
  private static final int LEFT_FREE = 300;

  private static final int SPARE = 30;

  private static final byte[] DATA = "what is there now".getBytes(StandardCharsets.UTF_8);
  private static final byte[] USER_X = TestVolume.name("user.x");

  @TempDir Path directory;
  private TestVolume a;
  private TestVolume b;
  private InodeId root;

  @BeforeEach
  void mount() throws Exception {
    a = TestVolume.clustered(directory);
    b = a.another();
    root = InodeId.ofNumber(a.root());
    OpenFile filler = b.create(b.root(), "filler");
    long bytes = (b.freeBlocks() - LEFT_FREE) * BLOCK;
    b.vfs.allocate(filler, 0, 0, bytes);
    b.vfs.release(filler, 0);
  }

  @AfterEach
  void unmount() throws Exception {
    b.close();
    a.close();
  }

  @FunctionalInterface
  private interface Maker {
    Attributes make(String name) throws Exception;
  }

  private Attributes file(String name) throws Exception {
    OpenFile file = b.create(b.root(), name);
    b.write(file, 0, DATA);
    b.vfs.release(file, 0);
    return b.attributes(file.inode());
  }

  private Attributes link(String name) throws Exception {
    AtomicReference<Attributes> made = new AtomicReference<>();
    b.vfs.makeSymlink(root, TestVolume.name(name), DATA, TestVolume.ROOT, made::set);
    return made.get();
  }

  private Attributes directoryWithAFile(String name) throws Exception {
    long made = b.makeDirectory(b.root(), name).inode();
    b.vfs.release(b.create(made, "x"), 0);
    return b.attributes(made);
  }

  /**
   * Node b makes "old" and node a finds it. The numbers behind it will be free when it is, too: the
   * last ones that are free are not given away.
   */
  private Attributes makeOld(Maker maker) throws Exception {
    maker.make("old");
    for (int i = 0; i < SPARE; i++) {
      b.vfs.release(b.create(b.root(), "spare" + i), 0);
    }
    return a.lookup(a.root(), "old");
  }

  private void removeOld() throws Exception {
    for (int i = 0; i < SPARE; i++) {
      b.unlink(b.root(), "spare" + i);
    }
    remove("old");
  }

  private void remove(String name) throws Exception {
    if (FileTypes.isDirectory(b.lookup(b.root(), name).mode())) {
      b.vfs.removeDirectory(root, TestVolume.name(name), done -> {});
    } else {
      b.unlink(b.root(), name);
    }
    ((FileSystem) b.vfs).comeToRest();
  }

  /** Node b removes "old", which node a knows, and makes others until one has its number. */
  private Attributes reuse(InodeId old, Maker maker) throws Exception {
    removeOld();
    for (int i = 0; i < LEFT_FREE; i++) {
      Attributes made = maker.make("new" + i);
      if (made.inode() == old.number()) {
        assertNotEquals(old, made.id());
        return made;
      }
    }
    return fail("number " + old.number() + " was not used again");
  }

  private static void stale(Executable call) {
    assertEquals(Failure.STALE, assertThrows(FsException.class, call).failure());
  }

  private AttributeChange mode(int mode) {
    return new AttributeChange(mode, null, null, null, null, null, false);
  }

  @Test
  void callsByTheIdOfAFreedFileAreStaleAndDoNothingToTheOneThatHasItsNumber() throws Exception {
    InodeId old = makeOld(this::file).id();
    Attributes made = reuse(old, this::file);
    Vfs vfs = a.vfs;
    AttributeChange size = new AttributeChange(null, null, null, 0L, null, null, false);
    stale(() -> vfs.getAttributes(old, got -> fail("told " + got)));
    stale(() -> vfs.setAttributes(old, mode(0), got -> {}));
    stale(() -> vfs.setAttributes(old, size, got -> {}));
    stale(() -> vfs.open(old, 0, got -> {}));
    stale(() -> vfs.open(old, TestVolume.O_RDWR | OpenHandle.O_TRUNC, got -> {}));
    stale(() -> vfs.link(old, root, TestVolume.name("link"), got -> {}));
    stale(() -> vfs.setXattr(old, USER_X, DATA, 0));
    stale(() -> vfs.getXattr(old, USER_X, got -> {}));
    stale(() -> vfs.listXattrs(old, got -> {}));
    stale(() -> vfs.removeXattr(old, USER_X));
    stale(() -> vfs.setFlags(old, ~0, InodeBlock.FLAG_IMMUTABLE));
    for (TestVolume node : List.of(b, a)) {
      assertEquals(made, node.attributes(made.inode()));
      OpenFile file = node.open(made.inode(), 0);
      assertArrayEquals(DATA, node.read(file, 0, 100));
      node.vfs.release(file, 0);
    }
    // Who looks the name up has the new one.
    assertTrue(a.list(a.root()).stream().noneMatch(name -> name.equals("link")));
    vfs.setAttributes(made.id(), mode(0600), got -> assertEquals(made.id(), got.id()));
    // Nothing of the attempts to open it keeps it from being freed.
    long free = b.freeBlocks();
    a.list(a.root()).stream().filter(name -> name.startsWith("new")).forEach(this::unlinkByA);
    TestVolume.eventually(() -> b.freeBlocks() > free);
    TestVolume.eventually(
        () -> {
          ((FileSystem) a.vfs).comeToRest();
          return isGone(made.id());
        });
  }

  private void unlinkByA(String name) {
    try {
      a.unlink(a.root(), name);
    } catch (FsException e) {
      throw new AssertionError(e);
    }
  }

  private boolean isGone(InodeId id) {
    try {
      b.vfs.getAttributes(id, got -> {});
      return false;
    } catch (FsException e) {
      return e.failure() == Failure.STALE;
    }
  }

  @Test
  void callsInAFreedDirectoryAreStaleAndDoNothingToTheOneThatHasItsNumber() throws Exception {
    InodeId old = makeOld(name -> b.makeDirectory(b.root(), name)).id();
    file("file");
    InodeId file = a.lookup(a.root(), "file").id();
    Attributes made = reuse(old, this::directoryWithAFile);
    final List<String> names = b.list(b.root());
    Vfs vfs = a.vfs;
    byte[] x = TestVolume.name("x");
    byte[] y = TestVolume.name("y");
    byte[] f = TestVolume.name("file");
    Caller caller = TestVolume.ROOT;
    stale(() -> vfs.lookup(old, x, got -> fail("found " + got)));
    stale(() -> vfs.lookup(old, y, got -> fail("found " + got)));
    stale(() -> vfs.unlink(old, x, done -> {}));
    stale(() -> vfs.removeDirectory(old, x, done -> {}));
    stale(() -> vfs.create(old, x, 0644, 2, caller, (attributes, opened) -> {}));
    stale(() -> vfs.create(old, y, 0644, 2, caller, (attributes, opened) -> {}));
    stale(() -> vfs.createUnnamed(old, 0644, 2, caller, (attributes, opened) -> {}));
    stale(() -> vfs.makeNode(old, y, 0040755, 0, 0, caller, got -> {}));
    stale(() -> vfs.makeSymlink(old, y, x, caller, got -> {}));
    stale(() -> vfs.link(file, old, y, got -> {}));
    stale(() -> vfs.rename(old, x, old, y, 0, caller, done -> {}));
    stale(() -> vfs.rename(made.id(), x, old, y, 0, caller, done -> {}));
    stale(() -> vfs.rename(old, x, made.id(), y, 0, caller, done -> {}));
    stale(() -> vfs.rename(old, x, root, y, 0, caller, done -> {}));
    stale(() -> vfs.rename(root, f, old, f, 0, caller, done -> {}));
    stale(() -> vfs.open(old, 0, opened -> {}));
    for (TestVolume node : List.of(b, a)) {
      assertEquals(made, node.attributes(made.inode()));
      assertEquals(List.of("x"), node.list(made.inode()));
      assertEquals(names, node.list(node.root()));
      assertEquals(1, node.lookup(node.root(), "file").linkCount());
    }
    vfs.rename(made.id(), x, made.id(), y, 0, caller, done -> {});
    assertEquals(List.of("y"), b.list(made.inode()));
  }

  @Test
  void targetOfASymbolicLinkThatHasAFreedOnesNumberIsNotReadByTheOldId() throws Exception {
    InodeId old = makeOld(this::link).id();
    Attributes made = reuse(old, this::link);
    stale(() -> a.vfs.readLink(old, target -> fail("read it")));
    a.vfs.readLink(made.id(), target -> assertArrayEquals(DATA, target));
  }

  @Test
  void numberThatIsAnotherFilesDataIsStaleAndNoDamage() throws Exception {
    InodeId old = makeOld(this::file).id();
    removeOld();
    OpenFile all = b.create(b.root(), "all");
    byte[] pattern = new byte[LEFT_FREE * BLOCK];
    Arrays.fill(pattern, (byte) 0x5a);
    b.write(all, 0, pattern);
    b.vfs.sync(all.inode(), false);
    try (FileChannel volume = FileChannel.open(a.file())) {
      ByteBuffer block = ByteBuffer.allocate(BLOCK);
      volume.read(block, old.number() * BLOCK);
      assertArrayEquals(Arrays.copyOf(pattern, BLOCK), block.array(), "it is not used yet");
    }
    stale(() -> a.vfs.getAttributes(old, got -> {}));
    stale(() -> a.vfs.setAttributes(old, mode(0), got -> {}));
    stale(() -> a.vfs.open(old, 0, got -> {}));
    stale(() -> a.vfs.listXattrs(old, got -> {}));
    stale(() -> a.vfs.lookup(old, DATA, got -> {}));
    assertArrayEquals(Arrays.copyOf(pattern, 100), b.read(all, 0, 100));
  }

  @Test
  void openFileKeepsItsNumberWhateverIsMadeMeanwhile() throws Exception {
    Attributes old = makeOld(this::file);
    OpenFile open = a.open(old.inode(), TestVolume.O_RDWR);
    removeOld();
    for (int i = 0; i < LEFT_FREE / 2; i++) {
      assertNotEquals(old.inode(), file("new" + i).inode());
    }
    assertArrayEquals(DATA, a.read(open, 0, 100));
    a.vfs.getAttributes(old.id(), got -> assertEquals(0, got.linkCount()));
    a.vfs.setAttributes(old.id(), mode(0600), got -> assertEquals(old.id(), got.id()));
    assertTrue(
        a.vfs.lockRange(open, new RangeLocks.Range(0, 9, true, 1, 1), false, Cancellation.NEVER));
    a.vfs.flush(open, 1);
    a.vfs.release(open, 0);
  }

  @Test
  void locksOfAFreedFileAreNotThoseOfTheOneThatHasItsNumber() throws Exception {
    Attributes old = makeOld(this::file);
    OpenFile open = a.open(old.inode(), TestVolume.O_RDWR);
    a.vfs.flock(open, 1, Vfs.FlockMode.EXCLUSIVE, true, Cancellation.NEVER);
    a.vfs.lockRange(open, new RangeLocks.Range(0, 9, true, 1, 1), true, Cancellation.NEVER);
    a.vfs.flush(open, 1);
    a.vfs.release(open, 1);
    Attributes made = reuse(old.id(), this::file);
    OpenFile file = b.open(made.inode(), TestVolume.O_RDWR);
    assertTrue(b.vfs.flock(file, 2, Vfs.FlockMode.EXCLUSIVE, false, Cancellation.NEVER));
    assertTrue(
        b.vfs.lockRange(file, new RangeLocks.Range(0, 9, true, 2, 2), false, Cancellation.NEVER));
    b.vfs.flush(file, 2);
    b.vfs.release(file, 2);
    assertFalse(b.list(b.root()).contains("old"));
  }
}
