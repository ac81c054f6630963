package org.jclusterfs.fsck;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.XattrBlock;

/** What the format promises of inodes and of the trees in them, broken one promise at a time. */
final class InodePlants {

  /** A broken promise; its problem has to be among those that are found. */
  record Variant(Problem problem, String what, Plants.Plant plant) {
    @Override
    public String toString() {
      return problem + ": " + what;
    }
  }

  private static final List<Variant> ALL = new ArrayList<>();

  private InodePlants() {}

  static List<Variant> all() {
    return List.copyOf(ALL);
  }

  static {
    headers();
    fields();
    contents();
    nodes();
    extents();
    names();
    directories();
    xattrs();
    orphans();
  }

  private static void add(Problem problem, String what, Plants.Plant plant) {
    ALL.add(new Variant(problem, what, plant));
  }

  private static void headers() {
    Problem problem = Problem.HEADER_FIELD_WRONG;
    add(
        problem,
        "flags of an inode",
        v -> v.change(v.small, b -> b.putInt(BlockHeader.HEADER_FLAGS_OFFSET, 1)));
    add(
        problem,
        "flags of an extent leaf",
        v -> v.change(v.firstLeaf(v.big), b -> b.putInt(BlockHeader.HEADER_FLAGS_OFFSET, 8)));
    add(
        problem,
        "flags of an xattr block",
        v -> v.change(v.xattrBlock, b -> b.putInt(BlockHeader.HEADER_FLAGS_OFFSET, -1)));
    add(
        problem,
        "version of a directory leaf from before mkfs",
        v -> v.change(v.firstLeaf(v.directory), b -> BlockHeader.version(b, 5)));
    add(
        problem,
        "version of an inode near the end of numbers",
        v -> v.change(v.big, b -> BlockHeader.version(b, Long.MAX_VALUE - 9)));
  }

  private static void field(String what, java.util.function.Consumer<ByteBuffer> change) {
    add(Problem.INODE_FIELD_WRONG, what, v -> v.change(v.small, change));
  }

  private static void fields() {
    field("generation 0", b -> InodeBlock.generation(b, 0));
    field("generation above the version", b -> InodeBlock.generation(b, 1L << 61));
    field("unknown mode bits", b -> InodeBlock.mode(b, InodeBlock.mode(b) | 1 << 20));
    field("unknown flag", b -> InodeBlock.flags(b, 1 << 12));
    field("dirsync of a file", b -> InodeBlock.flags(b, 0x10000));
    field("nanoseconds of the access time", b -> InodeBlock.accessNanos(b, 1_000_000_000));
    field("nanoseconds of the change time", b -> InodeBlock.changeNanos(b, -1));
    field("nanoseconds of the birth time", b -> InodeBlock.birthNanos(b, Integer.MAX_VALUE));
    field("major number of a file", b -> InodeBlock.rdevMajor(b, 8));
    field("minor number of a file", b -> InodeBlock.rdevMinor(b, 1));
    field("parent of a file", b -> InodeBlock.parent(b, 4711));
    field("names of a file", b -> InodeBlock.entries(b, 3));
    field("orphan slot of a file that has a name", b -> InodeBlock.orphanSlot(b, 1));
    field("stale bytes behind the content", b -> b.put(InodeBlock.BODY_OFFSET + 3000, (byte) 7));
    add(
        Problem.INODE_FIELD_WRONG,
        "immutable symbolic link",
        v -> v.change(v.symlink, b -> InodeBlock.flags(b, 0x10)));
    add(
        Problem.INODE_FIELD_WRONG,
        "inline length of a directory",
        v -> v.change(v.directory, b -> InodeBlock.bodyLength(b, 12)));
    add(
        Problem.INODE_FIELD_WRONG,
        "size of a fifo",
        v -> {
          long fifo = v.make(InodeInfo.FIFO | 0600, 1, 0);
          v.change(
              fifo,
              b -> {
                InodeBlock.layout(b, InodeBlock.LAYOUT_NONE);
                InodeBlock.bodyLength(b, 0);
              });
          Plants.change(v, names -> names.add(v.entry("fifo", fifo, DirectoryEntry.DT_FIFO)));
        });
  }

  private static void contents() {
    add(
        Problem.INODE_SIZE_WRONG,
        "written blocks behind the end",
        v -> v.change(v.big, b -> InodeBlock.size(b, 5000)));
    add(
        Problem.INODE_SIZE_WRONG,
        "negative size",
        v -> v.change(v.big, b -> InodeBlock.size(b, -1)));
    add(
        Problem.SYMLINK_TARGET_WRONG,
        "no target",
        v ->
            v.change(
                v.symlink,
                b -> {
                  b.put(InodeBlock.BODY_OFFSET, new byte[InodeBlock.BODY_LENGTH]);
                  InodeBlock.bodyLength(b, 0);
                  InodeBlock.size(b, 0);
                }));
    add(
        Problem.SYMLINK_TARGET_WRONG,
        "zero byte in the target",
        v -> v.change(v.symlink, b -> b.put(InodeBlock.BODY_OFFSET + 2, (byte) 0)));
    add(
        Problem.INODE_LAYOUT_WRONG,
        "unknown layout of a file with extents",
        v -> v.change(v.big, b -> InodeBlock.layout(b, 9)));
    add(
        Problem.INODE_LAYOUT_WRONG,
        "inline directory",
        v -> v.change(v.directory, b -> InodeBlock.layout(b, InodeBlock.LAYOUT_INLINE)));
    add(
        Problem.INODE_INLINE_LENGTH_WRONG,
        "size that is not that of the body",
        v -> v.change(v.small, b -> InodeBlock.size(b, 6)));
  }

  private static void nodes() {
    Problem damaged = Problem.TREE_NODE_DAMAGED;
    int base = NodeHeader.BLOCK_BASE;
    int root = NodeHeader.ROOT_BASE;
    add(
        damaged,
        "leaf of another inode",
        v -> v.change(v.firstLeaf(v.big), b -> BlockHeader.owner(b, v.small)));
    add(damaged, "level of a leaf", v -> leaf(v, v.big, b -> NodeHeader.level(b, base, 1)));
    add(damaged, "level of a root", v -> v.change(v.big, b -> NodeHeader.level(b, root, 11)));
    add(damaged, "leaf without extents", v -> leaf(v, v.big, b -> NodeHeader.count(b, base, 0)));
    add(damaged, "too many extents", v -> leaf(v, v.big, b -> NodeHeader.count(b, base, 999)));
    add(damaged, "index without entries", v -> v.change(v.big, b -> NodeHeader.count(b, root, 0)));
    add(damaged, "index too full", v -> v.change(v.big, b -> NodeHeader.count(b, root, 999)));
    add(
        damaged,
        "child outside of the groups",
        v -> v.change(v.directory, b -> IndexEntry.child(b, IndexEntry.at(root, 1), 17)));
    add(
        damaged,
        "the same child twice",
        v ->
            v.change(
                v.directory,
                b ->
                    IndexEntry.child(
                        b, IndexEntry.at(root, 1), IndexEntry.child(b, IndexEntry.at(root, 0)))));
    add(
        damaged,
        "bytes used of a directory leaf",
        v -> leaf(v, v.directory, b -> NodeHeader.used(b, base, NodeHeader.used(b, base) - 8)));
    add(
        damaged,
        "count of a directory leaf",
        v -> leaf(v, v.directory, b -> NodeHeader.count(b, base, NodeHeader.count(b, base) - 1)));
    add(
        Problem.TREE_NODE_FIELD_WRONG,
        "bytes used of an extent leaf",
        v -> leaf(v, v.big, b -> NodeHeader.used(b, base, 24)));
    add(
        Problem.TREE_NODE_FIELD_WRONG,
        "bytes used of an index",
        v -> v.change(v.directory, b -> NodeHeader.used(b, root, -1)));
    Problem order = Problem.INDEX_ORDER_WRONG;
    add(order, "keys swapped", v -> v.change(v.directory, b -> key(b, 0, key(b, 1) + 1)));
    add(order, "negative key", v -> v.change(v.big, b -> key(b, 0, -5)));
  }

  private static void leaf(TestVolume v, long inode, java.util.function.Consumer<ByteBuffer> change)
      throws IOException {
    v.change(v.firstLeaf(inode), change);
  }

  private static long key(ByteBuffer block, int index) {
    return IndexEntry.key(block, IndexEntry.at(NodeHeader.ROOT_BASE, index));
  }

  private static void key(ByteBuffer block, int index, long value) {
    IndexEntry.key(block, IndexEntry.at(NodeHeader.ROOT_BASE, index), value);
  }

  private static void extents() {
    int third = ExtentEntry.at(NodeHeader.BLOCK_BASE, 3);
    add(
        Problem.EXTENT_FLAGS_WRONG,
        "unknown flag",
        v -> leaf(v, v.big, b -> ExtentEntry.flags(b, third, 2)));
    add(
        Problem.EXTENT_OUT_OF_BOUNDS,
        "no length",
        v -> leaf(v, v.big, b -> ExtentEntry.length(b, third, 0)));
    add(
        Problem.EXTENT_OUT_OF_BOUNDS,
        "behind the largest size",
        v -> leaf(v, v.big, b -> ExtentEntry.logical(b, third, 1L << 60)));
    add(
        Problem.EXTENT_ORDER_WRONG,
        "key above those of its leaf",
        v -> v.change(v.big, b -> key(b, 1, 1L << 40)));
    add(
        Problem.EXTENT_ORDER_WRONG,
        "extent that reaches over the next leaf's key",
        v ->
            leaf(
                v,
                v.big,
                b -> {
                  int count = NodeHeader.count(b, NodeHeader.BLOCK_BASE);
                  int last = ExtentEntry.at(NodeHeader.BLOCK_BASE, count - 1);
                  ExtentEntry.length(b, last, 3);
                }));
  }

  private static void name(Problem problem, String what, String name) {
    add(problem, what, v -> Plants.replace(v, "small", e -> v.entry(name, e.inode(), e.type())));
  }

  private static void names() {
    name(Problem.ENTRY_INVALID, "dot", ".");
    name(Problem.ENTRY_INVALID, "dot dot", "..");
    name(Problem.ENTRY_INVALID, "NUL", "a\0b");
    name(Problem.ENTRY_INVALID, "no name", "");
    add(
        Problem.ENTRY_HASH_WRONG,
        "cookie below 16",
        v -> Plants.replace(v, "small", e -> e.withCookie(7)));
    add(
        Problem.DIRECTORY_ORDER_WRONG,
        "the same cookie twice",
        v -> {
          long cookie = v.entry("big", 1, 0).cookie();
          Plants.replace(v, "small", e -> e.withCookie(cookie));
        });
    add(
        Problem.ENTRY_TYPE_WRONG,
        "unknown type",
        v ->
            Plants.replace(
                v, "big", e -> new DirectoryCheck.Entry(e.cookie(), e.inode(), 0, e.name())));
    add(
        Problem.ENTRY_DANGLING,
        "inode of an unknown type",
        v -> v.change(v.firstFile, b -> InodeBlock.mode(b, 0030644)));
    add(
        Problem.ENTRY_DANGLING,
        "number outside of the groups",
        v -> v.nameIn(v.subdirectory, "nowhere", 3, DirectoryEntry.DT_REG));
  }

  private static void directories() {
    add(
        Problem.DIRECTORY_LINKED_TWICE,
        "directory in two others",
        v -> v.nameIn(v.subdirectory, "again", v.directory, DirectoryEntry.DT_DIR));
    add(
        Problem.DIRECTORY_LINKED_TWICE,
        "the root has a name",
        v -> v.nameIn(v.subdirectory, "root", v.check.rootInode(), DirectoryEntry.DT_DIR));
    add(
        Problem.DIRECTORY_LINKED_TWICE,
        "an orphan directory has a name",
        v -> v.nameIn(v.subdirectory, "orphans", orphanDirectory(v, 1), DirectoryEntry.DT_DIR));
    add(
        Problem.INODE_UNREACHABLE,
        "two directories in each other",
        v -> {
          long first = v.make(InodeInfo.DIRECTORY | 0755, 3, 0);
          long second = v.make(InodeInfo.DIRECTORY | 0755, 3, first);
          v.change(first, b -> InodeBlock.parent(b, second));
          v.nameIn(first, "second", second, DirectoryEntry.DT_DIR);
          v.nameIn(second, "first", first, DirectoryEntry.DT_DIR);
        });
    add(
        Problem.LINK_COUNT_WRONG,
        "deleted file with a name",
        v ->
            v.change(
                v.firstFile,
                b -> {
                  InodeBlock.linkCount(b, 0);
                  InodeBlock.orphanSlot(b, 1);
                }));
    add(
        Problem.LINK_COUNT_WRONG,
        "directory without its subdirectory",
        v -> v.change(v.directory, b -> InodeBlock.linkCount(b, 2)));
  }

  static byte[] attribute(String name, int valueLength) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    int length = 8 + bytes.length + valueLength + 7 & ~7;
    ByteBuffer attribute = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    attribute.put(0, (byte) bytes.length).putInt(2, valueLength).put(8, bytes);
    return attribute.array();
  }

  /** Gives the inode that has attributes other ones, in a new chain. */
  static void stream(TestVolume v, byte[]... attributes) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] attribute : attributes) {
      all.writeBytes(attribute);
    }
    byte[] bytes = all.toByteArray();
    int count = (bytes.length + XattrBlock.STREAM_LENGTH - 1) / XattrBlock.STREAM_LENGTH;
    long next = 0;
    for (int i = count - 1; i >= 0; i--) {
      long address = i == 0 ? v.xattrBlock : v.check.allocate(BitmapBlock.METADATA);
      ByteBuffer block = v.check.newBlock(XattrBlock.MAGIC, address, v.withXattr);
      int from = i * XattrBlock.STREAM_LENGTH;
      int length = Math.min(XattrBlock.STREAM_LENGTH, bytes.length - from);
      XattrBlock.next(block, next);
      XattrBlock.length(block, length);
      block.put(XattrBlock.STREAM_OFFSET, bytes, from, length);
      v.check.store.write(block);
      next = address;
    }
    v.change(
        v.withXattr,
        b -> {
          InodeBlock.xattrBytes(b, bytes.length);
          InodeBlock.blocks(b, count);
        });
  }

  private static void xattrs() {
    Problem damaged = Problem.XATTR_DAMAGED;
    add(damaged, "block without bytes", v -> v.change(v.xattrBlock, b -> XattrBlock.length(b, 0)));
    add(damaged, "length", v -> v.change(v.withXattr, b -> InodeBlock.xattrBytes(b, 24)));
    add(damaged, "no chain", v -> v.change(v.small, b -> InodeBlock.xattrBytes(b, 24)));
    add(damaged, "chain outside", v -> v.change(v.small, b -> InodeBlock.xattrBlock(b, 3)));
    add(damaged, "ring", v -> v.change(v.xattrBlock, b -> XattrBlock.next(b, v.xattrBlock)));
    add(
        damaged,
        "chain of another inode",
        v -> v.change(v.small, b -> InodeBlock.xattrBlock(b, v.xattrBlock)));
    add(
        damaged,
        "value that does not fit",
        v -> v.change(v.xattrBlock, b -> b.putInt(XattrBlock.STREAM_OFFSET + 2, 9999)));
    add(
        damaged,
        "more than a stream may have",
        v ->
            stream(
                v,
                attribute("user.a", 65000),
                attribute("user.b", 65000),
                attribute("user.c", 2000)));
    Problem name = Problem.XATTR_NAME_WRONG;
    add(name, "no namespace", v -> stream(v, attribute("colour", 4)));
    add(name, "no list in system", v -> stream(v, attribute("system.foo", 4)));
    add(name, "namespace alone", v -> stream(v, attribute("user.", 4)));
    add(name, "name that is taken then", v -> stream(v, attribute("user.a", 1), attribute("a", 2)));
    Problem wrong = Problem.XATTR_WRONG;
    add(wrong, "twice", v -> stream(v, attribute("user.a", 1), attribute("user.a", 2)));
    add(
        wrong,
        "value too long",
        v -> stream(v, attribute("user.a", 65537), attribute("user.b", 1)));
  }

  private static long orphanDirectory(TestVolume v, int slot) throws IOException {
    return SlotDescriptor.orphanDirectory(v.check.store.read(v.check.geometry.slotBlock(slot)));
  }

  private static DirectoryCheck.Entry orphan(TestVolume v, long number, int type) {
    return v.entry(String.format("%016x", number), number, type);
  }

  private static long deletedFile(TestVolume v, int slot) throws IOException {
    long number = v.make(InodeInfo.REGULAR | 0644, 0, 0);
    v.change(number, b -> InodeBlock.orphanSlot(b, slot + 1));
    return number;
  }

  private static void orphans() {
    add(
        Problem.ORPHAN_NOT_EMPTY,
        "deleted directory with a name in it",
        v -> {
          long deleted = v.make(InodeInfo.DIRECTORY | 0755, 0, v.check.rootInode());
          v.change(deleted, b -> InodeBlock.orphanSlot(b, 1));
          v.nameIn(deleted, "left", v.make(InodeInfo.REGULAR | 0644, 1, 0), DirectoryEntry.DT_REG);
          v.names(orphanDirectory(v, 0), List.of(orphan(v, deleted, DirectoryEntry.DT_DIR)));
        });
    add(
        Problem.INODE_FIELD_WRONG,
        "orphan slot of a deleted file",
        v -> {
          long deleted = deletedFile(v, 1);
          v.names(orphanDirectory(v, 0), List.of(orphan(v, deleted, DirectoryEntry.DT_REG)));
        });
    Problem wrong = Problem.ORPHAN_ENTRY_WRONG;
    add(
        wrong,
        "file that has a name, too",
        v -> v.names(orphanDirectory(v, 0), List.of(orphan(v, v.small, DirectoryEntry.DT_REG))));
    add(
        wrong,
        "name of another number",
        v -> {
          long deleted = deletedFile(v, 0);
          v.names(
              orphanDirectory(v, 0),
              List.of(v.entry("00000000deadbeef", deleted, DirectoryEntry.DT_REG)));
        });
    add(
        wrong,
        "upper case",
        v -> {
          long deleted = deletedFile(v, 0);
          String name = "ABCDEF" + String.format("%010x", deleted);
          v.names(orphanDirectory(v, 0), List.of(v.entry(name, deleted, DirectoryEntry.DT_REG)));
        });
    add(
        wrong,
        "named by two slots",
        v -> {
          long deleted = deletedFile(v, 0);
          for (int slot = 0; slot < 2; slot++) {
            v.names(orphanDirectory(v, slot), List.of(orphan(v, deleted, DirectoryEntry.DT_REG)));
          }
        });
    add(
        Problem.ORPHAN_LEFT,
        "deleted directory",
        v -> {
          long deleted = v.make(InodeInfo.DIRECTORY | 0755, 0, v.directory);
          v.change(deleted, b -> InodeBlock.orphanSlot(b, 2));
          v.names(orphanDirectory(v, 1), List.of(orphan(v, deleted, DirectoryEntry.DT_DIR)));
        });
    add(
        Problem.LINK_COUNT_WRONG,
        "orphan directory",
        v -> v.change(orphanDirectory(v, 1), b -> InodeBlock.linkCount(b, 3)));
    add(
        Problem.INODE_BLOCKS_WRONG,
        "orphan directory",
        v -> v.change(orphanDirectory(v, 1), b -> InodeBlock.blocks(b, 3)));
    add(
        Problem.ENTRY_HASH_WRONG,
        "orphan directory",
        v -> {
          long deleted = deletedFile(v, 0);
          v.names(
              orphanDirectory(v, 0),
              List.of(orphan(v, deleted, DirectoryEntry.DT_REG).withCookie(1L << 50)));
        });
    add(
        Problem.ORPHAN_DIRECTORY_DAMAGED,
        "one for two slots",
        v -> {
          long first = orphanDirectory(v, 0);
          v.change(v.check.geometry.slotBlock(1), b -> SlotDescriptor.orphanDirectory(b, first));
        });
  }
}
