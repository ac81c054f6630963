package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.xattr.PosixAcl;
import org.jclusterfs.core.xattr.PosixAcls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AclsTest {

  private static final byte[] ACCESS = TestVolume.name(PosixAcl.ACCESS);
  private static final byte[] DEFAULT = TestVolume.name(PosixAcl.DEFAULT);
  private static final byte[] LIST = PosixAcls.bytes("u::7", "u:33:7", "g::5", "m::7", "o::5");
  private static final Caller USER = new Caller(1000, 1000, 077);

  @TempDir Path directory;
  private TestVolume volume;
  private long parent;

  @BeforeEach
  void mount() throws Exception {
    volume = TestVolume.in(directory);
    parent = volume.makeDirectory(volume.root(), "parent").inode();
  }

  @AfterEach
  void unmount() throws Exception {
    volume.close();
  }

  private Attributes make(String name, int mode) throws FsException {
    AtomicReference<Attributes> made = new AtomicReference<>();
    volume.vfs.makeNode(
        InodeId.ofNumber(parent), TestVolume.name(name), mode, 0, 0, USER, made::set);
    return made.get();
  }

  private byte[] list(long inode, byte[] name) throws FsException {
    AtomicReference<byte[]> value = new AtomicReference<>();
    volume.vfs.getXattr(InodeId.ofNumber(inode), name, value::set);
    return value.get();
  }

  private void assertNone(long inode, byte[] name) {
    FsException e =
        assertThrows(
            FsException.class,
            () -> volume.vfs.getXattr(InodeId.ofNumber(inode), name, value -> {}));
    assertEquals(Failure.NO_ATTRIBUTE, e.failure());
  }

  private int permissions(long inode) throws FsException {
    return volume.attributes(inode).mode() & 07777;
  }

  private void chmod(long inode, int mode) throws FsException {
    volume.vfs.setAttributes(
        InodeId.ofNumber(inode),
        new AttributeChange(mode, null, null, null, null, null, false),
        done -> {});
  }

  @Test
  void withoutDefaultListTheUmaskHolds() throws Exception {
    long inode = make("file", FileTypes.REGULAR | 0666).inode();
    assertEquals(0600, permissions(inode));
    assertNone(inode, ACCESS);
  }

  @Test
  void defaultListIsInheritedInsteadOfTheUmaskAlsoAfterARemount() throws Exception {
    volume.vfs.setXattr(InodeId.ofNumber(parent), DEFAULT, LIST, 0);
    long before = volume.attributes(parent).mode();
    final long file = make("file", FileTypes.REGULAR | 0640).inode();
    final long below = make("below", FileTypes.DIRECTORY | 0777).inode();
    AtomicReference<Long> created = new AtomicReference<>();
    volume.vfs.create(
        InodeId.ofNumber(parent),
        TestVolume.name("created"),
        0666,
        TestVolume.O_RDWR,
        USER,
        (attributes, open) -> created.set(attributes.inode()));
    volume.vfs.makeSymlink(
        InodeId.ofNumber(parent),
        TestVolume.name("link"),
        TestVolume.name("file"),
        USER,
        made -> {});
    volume.remount();
    assertEquals(before, volume.attributes(parent).mode());
    assertEquals(0640, permissions(file));
    assertArrayEquals(
        PosixAcls.bytes("u::6", "u:33:7", "g::5", "m::4", "o::0"), list(file, ACCESS));
    assertNone(file, DEFAULT);
    assertEquals(0775, permissions(below));
    assertArrayEquals(LIST, list(below, ACCESS));
    assertArrayEquals(LIST, list(below, DEFAULT));
    assertEquals(0664, permissions(created.get()));
    assertEquals(0777, permissions(volume.lookup(parent, "link").inode()));
  }

  @Test
  void whiteoutInheritsTheDefaultList() throws Exception {
    volume.vfs.setXattr(InodeId.ofNumber(parent), DEFAULT, LIST, 0);
    make("file", FileTypes.REGULAR | 0640);
    volume.vfs.rename(
        InodeId.ofNumber(parent),
        TestVolume.name("file"),
        InodeId.ofNumber(parent),
        TestVolume.name("moved"),
        Vfs.RENAME_WHITEOUT,
        USER,
        done -> {});
    volume.remount();
    Attributes whiteout = volume.lookup(parent, "file");
    assertEquals(FileTypes.CHARACTER_DEVICE, whiteout.mode());
    assertArrayEquals(
        PosixAcls.bytes("u::0", "u:33:7", "g::5", "m::0", "o::0"), list(whiteout.inode(), ACCESS));
  }

  @Test
  void defaultListThatIsAModeLeavesNoListOnFiles() throws Exception {
    volume.vfs.setXattr(
        InodeId.ofNumber(parent), DEFAULT, PosixAcls.bytes("u::7", "g::5", "o::0"), 0);
    long inode = make("file", FileTypes.REGULAR | 0666).inode();
    assertEquals(0640, permissions(inode));
    assertNone(inode, ACCESS);
  }

  @Test
  void setListChangesTheModeAndChmodChangesTheList() throws Exception {
    long inode = make("file", FileTypes.REGULAR | 04600).inode();
    volume.vfs.setXattr(InodeId.ofNumber(inode), ACCESS, LIST, 0);
    assertEquals(04775, permissions(inode));
    chmod(inode, 0640);
    assertArrayEquals(
        PosixAcls.bytes("u::6", "u:33:7", "g::5", "m::4", "o::0"), list(inode, ACCESS));
    volume.vfs.removeXattr(InodeId.ofNumber(inode), ACCESS);
    assertNone(inode, ACCESS);
    assertEquals(0640, permissions(inode));
    volume.vfs.removeXattr(InodeId.ofNumber(inode), ACCESS); // as ext4: not an error
  }

  @Test
  void listThatIsAModeTakesThePlaceOfAnyList() throws Exception {
    long inode = make("file", FileTypes.REGULAR | 02710).inode();
    volume.vfs.setXattr(InodeId.ofNumber(inode), ACCESS, LIST, 0);
    byte[] plain = PosixAcls.bytes("u::6", "g::4", "o::0");
    volume.vfs.setXattr(InodeId.ofNumber(inode), ACCESS, plain, Vfs.XATTR_CLEAR_SETGID);
    assertNone(inode, ACCESS);
    assertEquals(0640, permissions(inode));
    volume.vfs.setXattr(
        InodeId.ofNumber(inode), ACCESS, PosixAcls.bytes("u::7", "g::0", "o::0"), 0);
    assertEquals(0700, permissions(inode));
    assertEquals(0, volume.attributes(inode).sectors());
  }

  @Test
  void whatIsNoListIsRefusedAndNothingChanges() throws Exception {
    long inode = make("file", FileTypes.REGULAR | 0600).inode();
    FsException wrong =
        assertThrows(
            FsException.class,
            () -> volume.vfs.setXattr(InodeId.ofNumber(inode), ACCESS, new byte[] {2, 0}, 0));
    assertEquals(Failure.INVALID, wrong.failure());
    FsException large =
        assertThrows(
            FsException.class,
            () ->
                volume.vfs.setXattr(
                    InodeId.ofNumber(inode), DEFAULT, new byte[PosixAcl.MAX_LENGTH + 8], 0));
    assertEquals(Failure.NO_SPACE, large.failure());
    assertNone(inode, ACCESS);
    assertEquals(0600, permissions(inode));
  }

  @Test
  void blockOfAnInheritedListComesBackWithItsFile() throws Exception {
    volume.vfs.setXattr(InodeId.ofNumber(parent), DEFAULT, LIST, 0);
    long free = volume.freeBlocks();
    for (int i = 0; i < 20; i++) {
      make("file" + i, FileTypes.REGULAR | 0666);
    }
    for (int i = 0; i < 20; i++) {
      long inode = volume.lookup(parent, "file" + i).inode();
      volume.unlink(parent, "file" + i);
      volume.vfs.forget(inode, 2);
    }
    TestVolume.eventually(() -> volume.freeBlocks() == free);
  }
}
