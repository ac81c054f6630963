package org.jclusterfs.fsck;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.format.XattrBlock;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.VolumeFormatter;

/** A small populated volume in a file, and the means to spoil it. */
final class TestVolume implements AutoCloseable {
  static final int FILES = 300;
  static final int EXTENTS = 200;

  final BlockDevice device;
  final Check check;

  long directory;
  long subdirectory;
  long big;
  long small;
  long withXattr;
  long symlink;
  long xattrBlock;
  long firstFile;

  private TestVolume(Path file) throws IOException {
    device = Devices.open(DeviceSpec.of("file:" + file));
    BlockStore store = new BlockStore(device, false);
    ByteBuffer superblock = Superblocks.readPrimary(device);
    store.volume(BlockHeader.volumeUuid(superblock));
    PrintStream nowhere = new PrintStream(new ByteArrayOutputStream());
    check = new Check(store, new Report(nowhere, Mode.YES, null), superblock);
  }

  /** Opens an image that {@link #populate} made, and finds its parts again. */
  static TestVolume open(Path file) throws IOException {
    TestVolume volume = new TestVolume(file);
    volume.directory = volume.lookup(volume.check.rootInode(), "directory");
    volume.subdirectory = volume.lookup(volume.directory, "subdirectory");
    volume.big = volume.lookup(volume.check.rootInode(), "big");
    volume.small = volume.lookup(volume.check.rootInode(), "small");
    volume.symlink = volume.lookup(volume.check.rootInode(), "symlink");
    volume.withXattr = volume.lookup(volume.check.rootInode(), "with-xattr");
    volume.xattrBlock = InodeBlock.xattrBlock(volume.inode(volume.withXattr));
    volume.firstFile = volume.lookup(volume.directory, "file-000");
    return volume;
  }

  static void populate(Path file, long blocks) throws IOException {
    try (BlockDevice device = Devices.open(DeviceSpec.of("file:" + file))) {
      VolumeFormatter.format(device, FormatOptions.defaults().withLabel("test").withSlots(2));
    }
    try (TestVolume volume = new TestVolume(file)) {
      volume.fill();
    }
  }

  /** Makes a file hold an image; only blocks that differ are written, so that a flush is cheap. */
  static Path reset(Path file, byte[] image) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      byte[] now = Files.readAllBytes(file);
      if (now.length != image.length) {
        channel.truncate(0);
        channel.write(ByteBuffer.allocate(1), image.length - 1);
        now = new byte[image.length];
      }
      ByteBuffer blocks = ByteBuffer.wrap(image);
      for (int at = 0; at < image.length; at += BlockHeader.BLOCK_SIZE) {
        int end = at + BlockHeader.BLOCK_SIZE;
        if (!Arrays.equals(now, at, end, image, at, end)) {
          channel.write(blocks.limit(end).position(at), at);
        }
      }
    }
    return file;
  }

  private void fill() throws IOException {
    long root = check.rootInode();
    directory = make(InodeInfo.DIRECTORY | 0755, 3, root);
    subdirectory = make(InodeInfo.DIRECTORY | 0755, 2, directory);
    List<DirectoryCheck.Entry> names = new ArrayList<>();
    names.add(entry("subdirectory", subdirectory, DirectoryEntry.DT_DIR));
    for (int i = 0; i < FILES; i++) {
      long file = make(InodeInfo.REGULAR | 0644, 1, 0);
      names.add(entry(String.format("file-%03d", i), file, DirectoryEntry.DT_REG));
    }
    new DirectoryBuilder(check, directory).rebuild(names, new LongSet());
    big = make(InodeInfo.REGULAR | 0600, 1, 0);
    fillBig();
    small = make(InodeInfo.REGULAR | 0644, 2, 0);
    withXattr = make(InodeInfo.REGULAR | 0644, 1, 0);
    addXattr();
    symlink = make(InodeInfo.SYMLINK | 0777, 1, 0);
    List<DirectoryCheck.Entry> top = new ArrayList<>(names(root));
    top.add(entry("directory", directory, DirectoryEntry.DT_DIR));
    top.add(entry("big", big, DirectoryEntry.DT_REG));
    top.add(entry("small", small, DirectoryEntry.DT_REG));
    top.add(entry("hard-link", small, DirectoryEntry.DT_REG));
    top.add(entry("with-xattr", withXattr, DirectoryEntry.DT_REG));
    top.add(entry("symlink", symlink, DirectoryEntry.DT_LNK));
    new DirectoryBuilder(check, root).rebuild(top, new LongSet());
    change(root, block -> InodeBlock.linkCount(block, 4));
  }

  private void fillBig() throws IOException {
    List<ExtentCheck.Extent> items = new ArrayList<>();
    for (int i = 0; i < EXTENTS; i++) {
      long data = check.allocate(BitmapBlock.DATA);
      ByteBuffer content = BlockHeader.allocate();
      content.putInt(0, i);
      check.store.writeRaw(data, content);
      items.add(new ExtentCheck.Extent(2L * i, data, 1, 0));
    }
    ByteBuffer block = inode(big);
    InodeBlock.layout(block, InodeBlock.LAYOUT_EXTENTS);
    InodeBlock.bodyLength(block, 0);
    int nodes = new TreeBuilder(check, big, ExtentEntry.MAGIC).build(block, items);
    InodeBlock.size(block, 2L * EXTENTS * BlockHeader.BLOCK_SIZE);
    InodeBlock.blocks(block, EXTENTS + nodes);
    check.store.write(block);
  }

  private void addXattr() throws IOException {
    xattrBlock = check.allocate(BitmapBlock.METADATA);
    ByteBuffer block = check.newBlock(XattrBlock.MAGIC, xattrBlock, withXattr);
    byte[] name = "user.a".getBytes(StandardCharsets.US_ASCII);
    block.put(XattrBlock.STREAM_OFFSET, (byte) name.length);
    block.put(XattrBlock.STREAM_OFFSET + 2, (byte) 1);
    block.put(XattrBlock.STREAM_OFFSET + 8, name);
    XattrBlock.length(block, 16);
    check.store.write(block);
    change(
        withXattr,
        inode -> {
          InodeBlock.xattrBlock(inode, xattrBlock);
          InodeBlock.xattrBytes(inode, 16);
          InodeBlock.blocks(inode, 1);
        });
  }

  /** A new inode, named nowhere. */
  long make(int mode, int links, long parent) throws IOException {
    long number = check.allocate(BitmapBlock.INODE);
    ByteBuffer block = check.newBlock(InodeBlock.MAGIC, number, number);
    InodeBlock.mode(block, mode);
    InodeBlock.linkCount(block, links);
    InodeBlock.generation(block, 1);
    if ((mode & InodeInfo.TYPE_MASK) == InodeInfo.DIRECTORY) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_DIRECTORY);
      InodeBlock.size(block, BlockHeader.BLOCK_SIZE);
      InodeBlock.parent(block, parent);
      NodeHeader.initialise(block, NodeHeader.ROOT_BASE, 0);
    } else {
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
      InodeBlock.bodyLength(block, 5);
      InodeBlock.size(block, 5);
      String content = String.format("%05d", number % 100_000);
      block.put(InodeBlock.BODY_OFFSET, content.getBytes(StandardCharsets.US_ASCII));
    }
    check.store.write(block);
    return number;
  }

  DirectoryCheck.Entry entry(String name, long inode, int type) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    return new DirectoryCheck.Entry(check.hash.cookie(bytes), inode, type, bytes);
  }

  ByteBuffer inode(long number) throws IOException {
    return check.store.read(number);
  }

  List<DirectoryCheck.Entry> names(long number) throws IOException {
    List<DirectoryCheck.Entry> names = new ArrayList<>();
    DirectoryNames.peek(check, number, inode(number), names::add);
    return names;
  }

  long lookup(long number, String name) throws IOException {
    return names(number).stream()
        .filter(entry -> entry.text().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + name))
        .inode();
  }

  /** Gives a directory other names, in a tree of any size; the blocks of its old tree leak. */
  void directoryOf(long number, List<DirectoryCheck.Entry> entries) throws IOException {
    ByteBuffer block = inode(number);
    List<DirectoryCheck.Entry> sorted = new ArrayList<>(entries);
    sorted.sort(Comparator.comparingLong(DirectoryCheck.Entry::cookie));
    int nodes = new TreeBuilder(check, number, DirectoryEntry.MAGIC).build(block, sorted);
    InodeBlock.blocks(block, nodes);
    InodeBlock.size(block, (long) BlockHeader.BLOCK_SIZE * Math.max(1, nodes));
    InodeBlock.entries(block, entries.size());
    check.store.write(block);
  }

  /** The first leaf of a tree of level 1 or 2. */
  long firstLeafBelow(long number) throws IOException {
    long child = firstLeaf(number);
    ByteBuffer block = check.store.read(child);
    return NodeHeader.level(block, NodeHeader.BLOCK_BASE) == 0
        ? child
        : IndexEntry.child(block, IndexEntry.at(NodeHeader.BLOCK_BASE, 0));
  }

  /** Adds a name to a directory whose root node is its only one and has room. */
  void nameIn(long number, String name, long inode, int type) throws IOException {
    List<DirectoryCheck.Entry> entries = names(number);
    entries.add(entry(name, inode, type));
    entries.sort(Comparator.comparingLong(DirectoryCheck.Entry::cookie));
    names(number, entries);
  }

  /** The first leaf of a tree of level 1. */
  long firstLeaf(long number) throws IOException {
    return IndexEntry.child(inode(number), IndexEntry.at(NodeHeader.ROOT_BASE, 0));
  }

  /** The last leaf of a tree of level 1. */
  long lastLeaf(long number) throws IOException {
    ByteBuffer block = inode(number);
    int last = NodeHeader.count(block, NodeHeader.ROOT_BASE) - 1;
    return IndexEntry.child(block, IndexEntry.at(NodeHeader.ROOT_BASE, last));
  }

  /** Changes a metadata block and seals it. */
  void change(long address, java.util.function.Consumer<ByteBuffer> change) throws IOException {
    ByteBuffer block = check.store.read(address);
    change.accept(block);
    check.store.write(block);
  }

  /** Overwrites a block with what is no metadata. */
  void spoil(long address) throws IOException {
    ByteBuffer block = check.store.read(address);
    block.putLong(2048, ~block.getLong(2048));
    BlockIo.write(device, address, block);
  }

  /** Puts other names into a directory whose root node is its only one; nothing is judged. */
  void names(long number, List<DirectoryCheck.Entry> entries) throws IOException {
    ByteBuffer block = inode(number);
    int at = NodeHeader.ROOT_BASE + NodeHeader.LENGTH;
    int from = at;
    for (DirectoryCheck.Entry entry : entries) {
      entry.put(block, at);
      at += entry.length();
    }
    NodeHeader.count(block, NodeHeader.ROOT_BASE, entries.size());
    NodeHeader.used(block, NodeHeader.ROOT_BASE, at - from);
    InodeBlock.entries(block, entries.size());
    check.store.write(block);
  }

  /** Result of a run. */
  record Result(int status, Set<Problem> found, String output) {}

  static Result run(Path file, Mode mode) throws IOException {
    return run(file, mode, 0);
  }

  static Result run(Path file, Mode mode, int backup) throws IOException {
    return run(Devices.open(DeviceSpec.of("file:" + file)), mode, backup);
  }

  /** Runs on a device, which is closed. */
  static Result run(BlockDevice opened, Mode mode, int backup) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    Report report = new Report(out, mode, null);
    int status;
    try (BlockDevice device = opened) {
      status = new Fsck(device, report, true, false, backup).run();
    } catch (ManualRunNeededException e) {
      status = Fsck.LEFT;
    }
    EnumSet<Problem> found = EnumSet.noneOf(Problem.class);
    found.addAll(report.found().keySet());
    return new Result(status, found, bytes.toString(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    device.close();
  }
}
