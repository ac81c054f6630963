package org.jclusterfs.core.vfs;

import static org.jclusterfs.core.format.InodeBlock.FLAG_APPEND;
import static org.jclusterfs.core.format.InodeBlock.FLAG_DIRSYNC;
import static org.jclusterfs.core.format.InodeBlock.FLAG_IMMUTABLE;
import static org.jclusterfs.core.format.InodeBlock.FLAG_NOATIME;
import static org.jclusterfs.core.format.InodeBlock.FLAG_NODUMP;
import static org.jclusterfs.core.format.InodeBlock.FLAG_SYNC;
import static org.jclusterfs.core.vfs.OpenHandle.O_APPEND;
import static org.jclusterfs.core.vfs.OpenHandle.O_TRUNC;
import static org.jclusterfs.core.vfs.TestVolume.O_RDWR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** Flags set by one node are obeyed by the other. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class InodeFlagsTest extends TwoMounts {
  private static final int ALL = ~0;
  private static final byte[] DATA = {1, 2, 3};

  private long dir;
  private OpenFile file;
  private long inode;

  @BeforeEach
  void makeFile() throws Exception {
    dir = a.makeDirectory(root, "dir").inode();
    a.vfs.release(a.create(dir, "other"), 0);
    file = b.open(a.create(dir, "file").inode(), O_RDWR);
    inode = file.inode();
    b.write(file, 0, DATA);
    b.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.x"), DATA, 0);
  }

  private AttributeChange change(Integer mode, Long size, Instant time) {
    return new AttributeChange(mode, null, null, size, time, time, false);
  }

  private void set(long number, AttributeChange change) throws FsException {
    b.vfs.setAttributes(InodeId.ofNumber(number), change, done -> {});
  }

  /** Runs every operation on the file and in its directory; gives the names of those refused. */
  private String refused(Map<String, Executable> operations) {
    TreeSet<String> refused = new TreeSet<>();
    operations.forEach(
        (name, operation) -> {
          try {
            operation.execute();
          } catch (FsException e) {
            assertEquals(Failure.NOT_PERMITTED, e.failure(), name + ": " + e.getMessage());
            refused.add(name);
          } catch (Throwable e) {
            throw new AssertionError(name, e);
          }
        });
    return String.join(" ", refused);
  }

  private Map<String, Executable> onFile() throws FsException {
    OpenFile source = b.open(b.lookup(dir, "other").inode(), O_RDWR);
    b.write(source, 0, DATA);
    Map<String, Executable> all = new LinkedHashMap<>();
    all.put("read", () -> b.read(b.open(inode, 0), 0, 10));
    all.put("open-write", () -> b.open(inode, O_RDWR));
    all.put("open-append", () -> b.write(b.open(inode, O_RDWR | O_APPEND), 0, DATA));
    all.put("open-truncate", () -> b.open(inode, O_RDWR | O_APPEND | O_TRUNC));
    all.put("write", () -> b.write(file, 0, DATA));
    all.put("copy", () -> b.vfs.copyRange(source, 0, file, 0, 3, 0, Cancellation.NEVER));
    all.put("truncate", () -> set(inode, change(null, 1L, null)));
    all.put("allocate", () -> b.vfs.allocate(file, 0, 0, 10_000));
    all.put("punch", () -> b.vfs.allocate(file, 3, 0, 10));
    all.put("chmod", () -> set(inode, change(0600, null, null)));
    all.put("touch", () -> set(inode, change(null, null, AttributeChange.NOW)));
    all.put("utimes", () -> set(inode, change(null, null, Instant.EPOCH)));
    all.put(
        "setxattr",
        () -> b.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.x"), DATA, 0));
    all.put("link", this::link);
    all.put("rename", () -> b.rename(dir, "file", dir, "renamed"));
    all.put("replace", () -> b.rename(dir, "other", dir, "file"));
    all.put("unlink", () -> b.unlink(dir, "file"));
    return all;
  }

  @Test
  void immutableFileIsOnlyRead() throws Exception {
    a.vfs.setFlags(InodeId.ofNumber(inode), ALL, FLAG_IMMUTABLE);
    assertEquals(
        "allocate chmod copy link open-append open-truncate open-write punch rename replace"
            + " setxattr touch truncate unlink utimes write",
        refused(onFile()));
    assertEquals(FLAG_IMMUTABLE, b.attributes(inode).flags());
    b.vfs.setFlags(InodeId.ofNumber(inode), FLAG_IMMUTABLE, 0);
    assertEquals("", refused(onFile()));
  }

  @Test
  void appendOnlyFileIsAppendedToAndTouched() throws Exception {
    a.vfs.setFlags(InodeId.ofNumber(inode), ALL, FLAG_APPEND);
    // "write" and "copy" by a description that was opened before, as on ext4.
    assertEquals(
        "chmod link open-truncate open-write punch rename replace setxattr truncate unlink utimes",
        refused(onFile()));
    OpenFile appending = b.open(inode, O_RDWR | O_APPEND);
    assertEquals(
        Failure.NOT_PERMITTED,
        assertThrows(
                FsException.class,
                () ->
                    b.vfs.write(
                        appending, 0, java.nio.ByteBuffer.wrap(DATA), O_RDWR, false, n -> {}))
            .failure(),
        "O_APPEND was taken away by fcntl");
  }

  private void link() throws FsException {
    b.vfs.link(InodeId.ofNumber(inode), InodeId.ofNumber(dir), TestVolume.name("link"), done -> {});
  }

  private Map<String, Executable> inDirectory() {
    Map<String, Executable> all = new LinkedHashMap<>();
    all.put("create", () -> b.create(dir, "new"));
    all.put("mkdir", () -> b.makeDirectory(dir, "newdir"));
    all.put("link", this::link);
    all.put("write", () -> b.write(file, 0, DATA));
    all.put("rename-from", () -> b.rename(dir, "other", b.root(), "other"));
    all.put("rename-to", () -> b.rename(b.root(), "outside", dir, "outside"));
    all.put("unlink", () -> b.unlink(dir, "file"));
    return all;
  }

  @Test
  void immutableAndAppendOnlyDirectoriesKeepTheirNames() throws Exception {
    a.create(a.root(), "outside");
    a.vfs.setFlags(InodeId.ofNumber(dir), ALL, FLAG_IMMUTABLE);
    assertEquals("create link mkdir rename-from rename-to unlink", refused(inDirectory()));
    a.vfs.setFlags(InodeId.ofNumber(dir), ALL, FLAG_APPEND);
    assertEquals("rename-from unlink", refused(inDirectory()));
  }

  @Test
  void newInodesInheritWhatFitsTheirType() throws Exception {
    int inherited = FLAG_SYNC | FLAG_DIRSYNC | FLAG_NODUMP | FLAG_NOATIME;
    b.vfs.setFlags(InodeId.ofNumber(dir), ALL, inherited | FLAG_APPEND);
    assertEquals(inherited, a.makeDirectory(dir, "d").flags());
    assertEquals(
        inherited & ~FLAG_DIRSYNC, a.attributes(a.create(dir, "f").inode()).flags(), "a file");
    a.vfs.makeSymlink(
        InodeId.ofNumber(dir),
        TestVolume.name("s"),
        DATA,
        TestVolume.ROOT,
        made -> assertEquals(FLAG_NODUMP | FLAG_NOATIME, made.flags(), "a link"));
  }

  @Test
  void flagsThatAreNotKnownOrDoNotFitTheTypeAreNotSupported() throws Exception {
    for (int flags : new int[] {FLAG_DIRSYNC, 0x4, 0x80000}) {
      assertEquals(
          Failure.NOT_SUPPORTED,
          assertThrows(FsException.class, () -> a.vfs.setFlags(InodeId.ofNumber(inode), ALL, flags))
              .failure());
    }
    a.vfs.setFlags(InodeId.ofNumber(inode), ALL, FLAG_IMMUTABLE);
    assertEquals(
        Failure.NOT_PERMITTED,
        assertThrows(
                FsException.class,
                () -> b.vfs.setFlags(InodeId.ofNumber(inode), ALL, FLAG_IMMUTABLE | FLAG_NODUMP))
            .failure());
  }
}
