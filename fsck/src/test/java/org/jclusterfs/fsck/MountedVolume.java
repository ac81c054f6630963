package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.vfs.AttributeChange;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Caller;
import org.jclusterfs.core.vfs.FaultyMounts;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.journal.Fault;

/** A mounted filesystem with calls that tests can read. */
final class MountedVolume {
  static final int O_RDWR = 2;
  static final int DIRECTORY = 0040000;
  static final int TYPE_MASK = 0170000;
  static final int SYMLINK = 0120000;
  static final int FIFO = 0010000;
  static final int CHARACTER_DEVICE = 0020000;
  private static final Caller ROOT = new Caller(0, 0, 0);

  final Vfs vfs;

  MountedVolume(BlockDevice device, boolean clustered, Fault... faults) throws MountException {
    this(device, clustered, 0, faults);
  }

  /** With faults planted in its journal and its replay. */
  MountedVolume(BlockDevice device, boolean clustered, int thresholdMillis, Fault... faults)
      throws MountException {
    vfs = FaultyMounts.mount(device, request(clustered, thresholdMillis), faults);
  }

  /** Alone, with the times that a clock tells: the same calls write the same bytes. */
  MountedVolume(BlockDevice device, Clock clock, Fault... faults) throws MountException {
    vfs = FaultyMounts.mount(device, request(false, 0), clock, faults);
  }

  private static MountRequest request(boolean clustered, int thresholdMillis) {
    return new MountRequest(
        DeviceSpec.of("file:/simulated"),
        false,
        -1,
        clustered,
        thresholdMillis,
        5000,
        16L << 20,
        "127.0.0.1",
        0);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static <T> T got(AtomicReference<T> reference) {
    return reference.get();
  }

  long root() {
    return vfs.root();
  }

  long makeDirectory(long parent, String name) throws FsException {
    AtomicReference<Attributes> made = new AtomicReference<>();
    vfs.makeNode(InodeId.ofNumber(parent), bytes(name), DIRECTORY | 0755, 0, 0, ROOT, made::set);
    return got(made).inode();
  }

  OpenFile create(long parent, String name) throws FsException {
    AtomicReference<OpenFile> made = new AtomicReference<>();
    vfs.create(
        InodeId.ofNumber(parent),
        bytes(name),
        0644,
        O_RDWR,
        ROOT,
        (attributes, file) -> made.set(file));
    return got(made);
  }

  OpenFile createUnnamed(long parent) throws FsException {
    AtomicReference<OpenFile> made = new AtomicReference<>();
    vfs.createUnnamed(
        InodeId.ofNumber(parent), 0644, O_RDWR, ROOT, (attributes, file) -> made.set(file));
    return got(made);
  }

  long symlink(long parent, String name, String target) throws FsException {
    AtomicReference<Attributes> made = new AtomicReference<>();
    vfs.makeSymlink(InodeId.ofNumber(parent), bytes(name), bytes(target), ROOT, made::set);
    return got(made).inode();
  }

  void makeFifo(long parent, String name) throws FsException {
    vfs.makeNode(InodeId.ofNumber(parent), bytes(name), FIFO | 0644, 0, 0, ROOT, made -> {});
  }

  OpenFile open(long inode) throws FsException {
    return open(inode, O_RDWR);
  }

  OpenFile open(long inode, int flags) throws FsException {
    AtomicReference<OpenFile> opened = new AtomicReference<>();
    vfs.open(InodeId.ofNumber(inode), flags, opened::set);
    return got(opened);
  }

  void close(OpenFile file) throws FsException {
    vfs.flush(file, 0);
    vfs.release(file, 0);
  }

  /** Writes all; the count taken where space runs out. */
  int write(OpenFile file, long offset, byte[] data) throws FsException {
    AtomicReference<Integer> count = new AtomicReference<>();
    vfs.write(file, offset, ByteBuffer.wrap(data), O_RDWR, false, count::set);
    return got(count);
  }

  byte[] read(OpenFile file, long offset, int size) throws FsException {
    AtomicReference<byte[]> all = new AtomicReference<>();
    vfs.read(
        file,
        offset,
        size,
        false,
        data -> {
          ByteBuffer joined =
              ByteBuffer.allocate(data.stream().mapToInt(ByteBuffer::remaining).sum());
          data.forEach(piece -> joined.put(piece.duplicate()));
          all.set(joined.array());
        });
    return got(all);
  }

  byte[] readWhole(long inode) throws FsException {
    OpenFile file = open(inode, 0);
    try {
      return read(file, 0, Math.toIntExact(attributes(inode).size()));
    } finally {
      close(file);
    }
  }

  Attributes attributes(long inode) throws FsException {
    AtomicReference<Attributes> found = new AtomicReference<>();
    vfs.getAttributes(InodeId.ofNumber(inode), found::set);
    return got(found);
  }

  long lookup(long parent, String name) throws FsException {
    AtomicReference<Attributes> found = new AtomicReference<>();
    vfs.lookup(InodeId.ofNumber(parent), bytes(name), found::set);
    return got(found).inode();
  }

  void truncate(long inode, long size) throws FsException {
    vfs.setAttributes(
        InodeId.ofNumber(inode),
        new AttributeChange(null, null, null, size, null, null, false),
        done -> {});
  }

  void unlink(long parent, String name) throws FsException {
    vfs.unlink(InodeId.ofNumber(parent), bytes(name), done -> {});
  }

  void removeDirectory(long parent, String name) throws FsException {
    vfs.removeDirectory(InodeId.ofNumber(parent), bytes(name), done -> {});
  }

  void rename(long parent, String name, long newParent, String newName, int flags)
      throws FsException {
    vfs.rename(
        InodeId.ofNumber(parent),
        bytes(name),
        InodeId.ofNumber(newParent),
        bytes(newName),
        flags,
        ROOT,
        done -> {});
  }

  void link(long inode, long parent, String name) throws FsException {
    vfs.link(InodeId.ofNumber(inode), InodeId.ofNumber(parent), bytes(name), done -> {});
  }

  String readLink(long inode) throws FsException {
    AtomicReference<byte[]> target = new AtomicReference<>();
    vfs.readLink(InodeId.ofNumber(inode), target::set);
    return new String(got(target), StandardCharsets.UTF_8);
  }

  TreeMap<String, byte[]> xattrs(long inode) throws FsException {
    AtomicReference<List<byte[]>> names = new AtomicReference<>();
    vfs.listXattrs(InodeId.ofNumber(inode), names::set);
    TreeMap<String, byte[]> all = new TreeMap<>();
    for (byte[] name : got(names)) {
      AtomicReference<byte[]> value = new AtomicReference<>();
      vfs.getXattr(InodeId.ofNumber(inode), name, value::set);
      all.put(new String(name, StandardCharsets.UTF_8), got(value));
    }
    return all;
  }

  /** Names but "." and ".." with the numbers that they lead to. */
  TreeMap<String, Long> list(long directory) throws FsException {
    OpenFile handle = open(directory, 0);
    List<String> names = new ArrayList<>();
    TreeMap<String, Long> found = new TreeMap<>();
    vfs.readDirectory(
        handle,
        0,
        false,
        (name, inode, type, cookie, attributes) -> {
          String text = new String(name, StandardCharsets.UTF_8);
          names.add(text);
          found.put(text, inode);
          return true;
        });
    vfs.release(handle, 0);
    found.remove(".");
    found.remove("..");
    if (names.size() > found.size() + 2) {
      throw new AssertionError("a name appears twice in " + names);
    }
    return found;
  }
}
