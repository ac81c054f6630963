package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file loses when its content or its owner changes. */
class PrivilegesTest {
  private static final byte[] CAPABILITY = TestVolume.name("security.capability");
  private static final int O_TRUNC = 01000;

  @TempDir Path directory;
  private TestVolume volume;
  private OpenFile file;
  private final List<Long> invalidated = new ArrayList<>();

  @BeforeEach
  void mount() throws Exception {
    volume = TestVolume.in(directory);
    volume.vfs.attach(
        new KernelCaches() {
          @Override
          public void invalidateInode(long inode, boolean attributesOnly) {
            invalidated.add(attributesOnly ? inode : -inode);
          }
        });
    file = volume.create(volume.root(), "file");
  }

  @AfterEach
  void unmount() throws Exception {
    volume.close();
  }

  private void privileged(int mode) throws FsException {
    set(new AttributeChange(mode, 7, 7, null, null, null, false));
    volume.vfs.setXattr(
        InodeId.ofNumber(file.inode()), TestVolume.name("user.kept"), new byte[8], 0);
    volume.vfs.setXattr(InodeId.ofNumber(file.inode()), CAPABILITY, new byte[20], 0);
    invalidated.clear();
  }

  private void set(AttributeChange change) throws FsException {
    volume.vfs.setAttributes(InodeId.ofNumber(file.inode()), change, done -> {});
  }

  /** Mode, and how many extended attributes are left. */
  private void assertLeft(int mode, int attributes) throws FsException {
    assertEquals(mode, volume.attributes(file.inode()).mode() & 07777);
    volume.vfs.listXattrs(
        InodeId.ofNumber(file.inode()), names -> assertEquals(attributes, names.size()));
  }

  private void write(int flags) throws FsException {
    volume.vfs.write(file, 0, java.nio.ByteBuffer.allocate(3), flags, false, done -> {});
  }

  @Test
  void writeTakesCapabilitiesAlwaysAndSetIdBitsWhenToldSo() throws Exception {
    privileged(06777);
    write(0);
    assertLeft(06777, 1);
    assertEquals(List.of(), invalidated);
    privileged(06777);
    write(Vfs.CLEAR_SETID);
    assertLeft(0777, 1);
    assertEquals(List.of(file.inode()), invalidated, "the kernel's mode, and no page");
    privileged(06767);
    write(Vfs.CLEAR_SETID);
    assertLeft(02767, 1);
    volume.remount();
    assertLeft(02767, 1);
  }

  @Test
  void truncatingAndAllocatingAreWrites() throws Exception {
    privileged(06777);
    volume.vfs.release(volume.open(file.inode(), O_TRUNC | 1), 0);
    assertLeft(06777, 1);
    privileged(06777);
    volume.vfs.release(volume.open(file.inode(), O_TRUNC | 1 | Vfs.CLEAR_SETID), 0);
    assertLeft(0777, 1);
    privileged(06777);
    volume.vfs.allocate(file, Vfs.CLEAR_SETID, 0, 100);
    assertLeft(0777, 1);
    privileged(06777);
    volume.truncate(file.inode(), 1);
    assertLeft(06777, 1);
    set(new AttributeChange(null, null, null, 0L, null, null, true));
    assertLeft(0777, 1);
  }

  @Test
  void changeOfOwnerTakesThemFromFilesAndNotFromDirectories() throws Exception {
    privileged(06777);
    set(new AttributeChange(null, 8, null, null, null, null, true));
    assertLeft(0777, 1);
    long below = volume.makeDirectory(volume.root(), "below").inode();
    volume.vfs.setAttributes(
        InodeId.ofNumber(below),
        new AttributeChange(06777, null, null, null, null, null, false),
        done -> {});
    volume.vfs.setAttributes(
        InodeId.ofNumber(below),
        new AttributeChange(null, 8, 8, null, null, null, true),
        done -> {});
    assertEquals(06777, volume.attributes(below).mode() & 07777);
  }

  @Test
  void changeForAnOwnerWhoIsNoneAnyMoreIsNotPermitted() throws Exception {
    privileged(0644);
    AttributeChange byOwner = new AttributeChange(0600, null, null, null, null, null, false, 7);
    AttributeChange byFormerOwner =
        new AttributeChange(0666, null, null, null, null, null, false, 8);
    set(byOwner);
    FsException e = assertThrows(FsException.class, () -> set(byFormerOwner));
    assertEquals(Failure.NOT_PERMITTED, e.failure());
    assertLeft(0600, 2);
  }
}
