package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.JournalArea;
import org.jclusterfs.journal.BlockImage;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.JournalOptions;
import org.jclusterfs.journal.LockTag;

/** How each problem comes into a volume. */
final class Plants {

  /** Spoils a good volume in one way. */
  interface Plant {
    void into(TestVolume volume) throws IOException;
  }

  static final Map<Problem, Plant> ALL = new EnumMap<>(Problem.class);

  static {
    VolumePlants.ofEachProblem().forEach(ALL::put);
    slots();
    groups();
    inodes();
    trees();
    names();
    for (InodePlants.Variant variant : InodePlants.all()) {
      ALL.putIfAbsent(variant.problem(), variant.plant());
    }
  }

  private Plants() {}

  private static void slots() {
    ALL.put(Problem.PRIMARY_SUPERBLOCK_DAMAGED, v -> v.spoil(Superblock.PRIMARY_ADDRESS));
    ALL.put(Problem.BACKUP_SUPERBLOCK_WRONG, v -> v.spoil(v.check.geometry.totalBlocks() - 1));
    ALL.put(Problem.SLOT_DESCRIPTOR_DAMAGED, v -> v.spoil(v.check.geometry.slotBlock(1)));
    ALL.put(Problem.HEARTBEAT_DAMAGED, v -> v.spoil(v.check.geometry.heartbeatBlock(7)));
    ALL.put(Problem.FENCE_BLOCK_DAMAGED, v -> v.spoil(v.check.geometry.fenceBlock(254)));
    ALL.put(
        Problem.SLOT_NOT_RELEASED,
        v -> v.change(v.check.geometry.slotBlock(1), VolumePlants::claim));
    ALL.put(Problem.JOURNAL_DIRTY, Plants::leaveDirtyJournal);
    ALL.put(
        Problem.JOURNAL_DAMAGED,
        v -> {
          ByteBuffer slot = v.check.store.read(v.check.geometry.slotBlock(1));
          ByteBuffer noise = ByteBuffer.allocate(8 * BlockHeader.BLOCK_SIZE);
          BlockIo.write(v.device, SlotDescriptor.journalStart(slot), noise);
        });
  }

  /** A transaction that changes the owner of "small" is committed and not in place. */
  static void leaveDirtyJournal(TestVolume v) throws IOException {
    leaveDirtyJournal(v, 4711);
  }

  /** One transaction after the other that changes the owner of "small"; none is in place. */
  static void leaveDirtyJournal(TestVolume v, int... owners) throws IOException {
    ByteBuffer slot = v.check.store.read(v.check.geometry.slotBlock(1));
    Journal journal =
        Journal.open(
            JournalArea.of(v.device, slot), v.check.store.volume(), 1, JournalOptions.defaults());
    ByteBuffer inode = v.inode(v.small);
    for (int owner : owners) {
      InodeBlock.uid(inode, owner);
      BlockHeader.version(inode, BlockHeader.version(inode) + 1);
      BlockHeader.seal(inode);
      try (Journal.Handle handle = journal.begin(4)) {
        handle.log(image(v.small, inode));
      }
      journal.commitAll();
    }
    journal.abort(new IOException("the node died"));
  }

  private static BlockImage image(long address, ByteBuffer block) {
    return new BlockImage() {
      @Override
      public long address() {
        return address;
      }

      @Override
      public LockTag lock() {
        return new LockTag(2, 0, address);
      }

      @Override
      public void snapshot(ByteBuffer dst) {
        dst.put(block.duplicate().clear());
      }
    };
  }

  private static void groups() {
    ALL.put(Problem.GROUP_HEADER_DAMAGED, v -> v.spoil(v.check.geometry.groupStart(0)));
    ALL.put(
        Problem.GROUP_COUNTS_WRONG,
        v ->
            v.change(
                v.check.geometry.groupStart(0),
                b -> GroupHeader.freeBlocks(b, GroupHeader.freeBlocks(b) + 1)));
    ALL.put(Problem.BITMAP_DAMAGED, v -> v.spoil(v.check.geometry.bitmapBlock(0, 0)));
    ALL.put(Problem.BLOCK_LEAKED, v -> v.check.allocate(BitmapBlock.DATA));
    ALL.put(Problem.BLOCK_WRONGLY_FREE, v -> v.check.markOnDisk(dataBlock(v), BitmapBlock.FREE));
    ALL.put(Problem.BLOCK_STATE_WRONG, v -> v.check.markOnDisk(dataBlock(v), BitmapBlock.METADATA));
  }

  private static long dataBlock(TestVolume v) throws IOException {
    ByteBuffer leaf = v.inode(v.firstLeaf(v.big));
    return ExtentEntry.physical(leaf, ExtentEntry.at(NodeHeader.BLOCK_BASE, 5));
  }

  private static void inodes() {
    ALL.put(Problem.ROOT_DAMAGED, v -> v.spoil(v.check.rootInode()));
    ALL.put(
        Problem.LOST_FOUND_MISSING,
        v -> change(v, names -> names.removeIf(e -> e.text().equals("lost+found"))));
    ALL.put(
        Problem.ORPHAN_DIRECTORY_DAMAGED,
        v ->
            v.spoil(
                SlotDescriptor.orphanDirectory(v.check.store.read(v.check.geometry.slotBlock(0)))));
    ALL.put(
        Problem.INODE_FIELD_WRONG,
        v -> v.change(v.small, b -> b.putInt(InodeBlock.MODIFY_NANOS_OFFSET, 1_000_000_000)));
    ALL.put(
        Problem.INODE_LAYOUT_WRONG,
        v -> v.change(v.subdirectory, b -> InodeBlock.layout(b, InodeBlock.LAYOUT_INLINE)));
    ALL.put(
        Problem.INODE_INLINE_LENGTH_WRONG,
        v -> v.change(v.small, b -> InodeBlock.bodyLength(b, 5000)));
    ALL.put(
        Problem.DIRECTORY_SIZE_WRONG, v -> v.change(v.directory, b -> InodeBlock.size(b, 12345)));
    ALL.put(Problem.INODE_BLOCKS_WRONG, v -> v.change(v.big, b -> InodeBlock.blocks(b, 7)));
    ALL.put(Problem.ENTRY_COUNT_WRONG, v -> v.change(v.directory, b -> InodeBlock.entries(b, 7)));
    ALL.put(
        Problem.PARENT_WRONG,
        v -> v.change(v.subdirectory, b -> InodeBlock.parent(b, v.check.rootInode())));
    ALL.put(Problem.LINK_COUNT_WRONG, v -> v.change(v.small, b -> InodeBlock.linkCount(b, 9)));
    ALL.put(Problem.XATTR_DAMAGED, v -> v.spoil(v.xattrBlock));
    ALL.put(Problem.INODE_UNREACHABLE, v -> v.make(InodeInfo.REGULAR | 0644, 1, 0));
    ALL.put(
        Problem.ORPHAN_LEFT,
        v -> {
          long orphan = v.make(InodeInfo.REGULAR | 0644, 0, 0);
          addOrphan(v, String.format("%016x", orphan), orphan);
        });
    ALL.put(Problem.ORPHAN_ENTRY_WRONG, v -> addOrphan(v, "nonsense", v.small));
  }

  private static void addOrphan(TestVolume v, String name, long inode) throws IOException {
    ByteBuffer slot = v.check.store.read(v.check.geometry.slotBlock(0));
    v.names(
        SlotDescriptor.orphanDirectory(slot), List.of(v.entry(name, inode, DirectoryEntry.DT_REG)));
  }

  private static void trees() {
    ALL.put(Problem.TREE_NODE_DAMAGED, v -> v.spoil(v.firstLeaf(v.directory)));
    int extent = ExtentEntry.at(NodeHeader.BLOCK_BASE, 3);
    ALL.put(
        Problem.EXTENT_OUT_OF_BOUNDS,
        v -> v.change(v.firstLeaf(v.big), b -> ExtentEntry.physical(b, extent, 17)));
    ALL.put(
        Problem.EXTENT_ORDER_WRONG,
        v -> v.change(v.firstLeaf(v.big), b -> ExtentEntry.logical(b, extent, 1)));
    ALL.put(
        Problem.BLOCK_SHARED,
        v -> v.change(v.firstLeaf(v.big), b -> ExtentEntry.physical(b, extent, v.small)));
    ALL.put(
        Problem.DIRECTORY_ORDER_WRONG,
        v ->
            change(
                v,
                names -> {
                  names.sort((a, b) -> Long.compare(b.cookie(), a.cookie()));
                  return true;
                }));
  }

  private static void names() {
    ALL.put(
        Problem.ENTRY_HASH_WRONG,
        v ->
            replace(
                v,
                "small",
                e ->
                    new DirectoryCheck.Entry(
                        e.cookie() ^ 1L << 15, e.inode(), e.type(), e.name())));
    ALL.put(
        Problem.ENTRY_INVALID, v -> replace(v, "small", e -> v.entry("a/b", e.inode(), e.type())));
    ALL.put(
        Problem.ENTRY_DUPLICATE,
        v ->
            replace(
                v,
                "hard-link",
                e -> {
                  DirectoryCheck.Entry first = v.entry("small", e.inode(), e.type());
                  return new DirectoryCheck.Entry(
                      first.cookie() + 1, e.inode(), e.type(), first.name());
                }));
    ALL.put(
        Problem.ENTRY_TYPE_WRONG,
        v -> replace(v, "small", e -> v.entry("small", e.inode(), DirectoryEntry.DT_FIFO)));
    ALL.put(Problem.ENTRY_DANGLING, v -> v.spoil(v.firstFile));
    ALL.put(
        Problem.DIRECTORY_LINKED_TWICE,
        v ->
            change(v, names -> names.add(v.entry("again", v.subdirectory, DirectoryEntry.DT_DIR))));
  }

  interface Change {
    boolean apply(List<DirectoryCheck.Entry> names);
  }

  /** Changes the names of the root, which are put back in order first. */
  static void change(TestVolume v, Change change) throws IOException {
    List<DirectoryCheck.Entry> names = new ArrayList<>(v.names(v.check.rootInode()));
    change.apply(names);
    boolean descending =
        names.size() > 1 && names.get(0).cookie() > names.get(names.size() - 1).cookie();
    if (!descending) {
      names.sort((a, b) -> Long.compare(a.cookie(), b.cookie()));
    }
    v.names(v.check.rootInode(), names);
  }

  static void replace(TestVolume v, String name, UnaryOperator<DirectoryCheck.Entry> replacement)
      throws IOException {
    change(
        v,
        names -> {
          names.replaceAll(e -> e.text().equals(name) ? replacement.apply(e) : e);
          return true;
        });
  }
}
