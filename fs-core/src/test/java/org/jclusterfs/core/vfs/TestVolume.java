package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.VolumeFormatter;

/** A freshly formatted volume in a file, mounted alone, with calls that tests can read. */
final class TestVolume implements AutoCloseable {
  static final Caller ROOT = new Caller(0, 0, 0);
  static final int O_RDWR = 2;

  private final Path file;
  private final MountRequest request;
  Vfs vfs;

  private TestVolume(Path file, MountRequest request) {
    this.file = file;
    this.request = request;
  }

  static TestVolume in(Path directory) throws Exception {
    return in(directory, 256L << 20);
  }

  static TestVolume in(Path directory, long bytes) throws Exception {
    return formatted(directory, bytes, false);
  }

  /** A volume mounted by a node of a cluster; {@link #another} mounts it once more. */
  static TestVolume clustered(Path directory) throws Exception {
    return formatted(directory, 256L << 20, true);
  }

  /** As {@link #clustered(Path)}, with groups of so many blocks. */
  static TestVolume clustered(Path directory, int groupBlocks) throws Exception {
    return formatted(
        directory, 256L << 20, true, FormatOptions.defaults().withGroupBlocks(groupBlocks));
  }

  private static TestVolume formatted(Path directory, long bytes, boolean clustered)
      throws Exception {
    return formatted(directory, bytes, clustered, FormatOptions.defaults());
  }

  private static TestVolume formatted(
      Path directory, long bytes, boolean clustered, FormatOptions options) throws Exception {
    Path file = directory.resolve("volume");
    try (var created =
        Files.newByteChannel(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      created.position(bytes - 1).write(ByteBuffer.allocate(1));
    }
    DeviceSpec spec = DeviceSpec.of("file:" + file);
    try (BlockDevice device = Devices.open(spec)) {
      VolumeFormatter.format(device, options.withSlots(2));
    }
    int commitMillis = MountRequest.of(spec).commitMillis();
    MountRequest request =
        new MountRequest(spec, false, -1, clustered, 0, commitMillis, 32L << 20, null, 0);
    TestVolume volume = new TestVolume(file, request);
    volume.mount();
    return volume;
  }

  /** A node of a cluster over a formatted device of the test's own. */
  static TestVolume over(BlockDevice device, int thresholdMillis) throws MountException {
    DeviceSpec spec = DeviceSpec.of("file:/none");
    int commitMillis = MountRequest.of(spec).commitMillis();
    MountRequest request =
        new MountRequest(
            spec, false, -1, true, thresholdMillis, commitMillis, 32L << 20, "127.0.0.1", 0);
    TestVolume volume = new TestVolume(null, request);
    volume.vfs = Volumes.mount(device, request);
    return volume;
  }

  TestVolume another() throws MountException {
    TestVolume second = new TestVolume(file, request);
    second.mount();
    return second;
  }

  Path file() {
    return file;
  }

  void mount() throws MountException {
    vfs = Volumes.mount(request);
  }

  void remount() throws Exception {
    vfs.close();
    mount();
  }

  @Override
  public void close() throws FsException {
    vfs.close();
  }

  static byte[] name(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  long root() {
    return vfs.root();
  }

  Attributes makeDirectory(long parent, String name) throws FsException {
    AtomicReference<Attributes> made = new AtomicReference<>();
    vfs.makeNode(
        InodeId.ofNumber(parent), name(name), FileTypes.DIRECTORY | 0755, 0, 0, ROOT, made::set);
    return made.get();
  }

  OpenFile create(long parent, String name) throws FsException {
    return create(parent, name, O_RDWR);
  }

  OpenFile create(long parent, String name, int flags) throws FsException {
    AtomicReference<OpenFile> made = new AtomicReference<>();
    vfs.create(
        InodeId.ofNumber(parent),
        name(name),
        0644,
        flags,
        ROOT,
        (attributes, file) -> made.set(file));
    return made.get();
  }

  OpenFile open(long inode, int flags) throws FsException {
    AtomicReference<OpenFile> opened = new AtomicReference<>();
    vfs.open(InodeId.ofNumber(inode), flags, opened::set);
    return opened.get();
  }

  int write(OpenFile file, long offset, byte[] data) throws FsException {
    AtomicReference<Integer> count = new AtomicReference<>();
    vfs.write(file, offset, ByteBuffer.wrap(data), file.flags(), false, count::set);
    return count.get();
  }

  byte[] read(OpenFile file, long offset, int size) throws FsException {
    AtomicReference<byte[]> bytes = new AtomicReference<>();
    vfs.read(file, offset, size, false, data -> bytes.set(join(data)));
    return bytes.get();
  }

  private static byte[] join(List<ByteBuffer> data) {
    int length = data.stream().mapToInt(ByteBuffer::remaining).sum();
    ByteBuffer all = ByteBuffer.allocate(length);
    data.forEach(piece -> all.put(piece.duplicate()));
    return all.array();
  }

  Attributes lookup(long parent, String name) throws FsException {
    AtomicReference<Attributes> found = new AtomicReference<>();
    vfs.lookup(InodeId.ofNumber(parent), name(name), found::set);
    return found.get();
  }

  Attributes attributes(long inode) throws FsException {
    AtomicReference<Attributes> found = new AtomicReference<>();
    vfs.getAttributes(InodeId.ofNumber(inode), found::set);
    return found.get();
  }

  void truncate(long inode, long size) throws FsException {
    vfs.setAttributes(
        InodeId.ofNumber(inode),
        new AttributeChange(null, null, null, size, null, null, false),
        done -> {});
  }

  void unlink(long parent, String name) throws FsException {
    vfs.unlink(InodeId.ofNumber(parent), name(name), done -> {});
  }

  void rename(long parent, String name, long newParent, String newName) throws FsException {
    vfs.rename(
        InodeId.ofNumber(parent),
        name(name),
        InodeId.ofNumber(newParent),
        name(newName),
        0,
        ROOT,
        done -> {});
  }

  List<String> list(long directory) throws FsException {
    OpenFile handle = open(directory, 0);
    List<String> names = new ArrayList<>();
    vfs.readDirectory(
        handle,
        2,
        false,
        (name, inode, type, cookie, attributes) ->
            names.add(new String(name, StandardCharsets.UTF_8)));
    vfs.release(handle, 0);
    return names;
  }

  long freeBlocks() throws FsException {
    return vfs.statistics().freeBlocks();
  }

  /** Waits, bounded, for what happens in the background. */
  static void eventually(java.util.concurrent.Callable<Boolean> condition) throws Exception {
    for (int i = 0; i < 400; i++) {
      if (condition.call()) {
        return;
      }
      Thread.sleep(25);
    }
    throw new IOException("did not happen within 10 s");
  }
}
