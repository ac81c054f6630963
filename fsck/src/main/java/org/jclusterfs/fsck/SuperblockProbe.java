package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;

/**
 * Compares one copy of the superblock with the volume that it describes: of copies that differ, the
 * one that the volume contradicts least is the right one. Reads a bounded number of blocks.
 */
final class SuperblockProbe {
  private static final int MOST_GROUPS = 64;

  private final BlockDevice device;
  private final ByteBuffer superblock;
  private final Geometry geometry;
  private final UUID volume;
  private int contradictions;
  private String first;

  /** For a copy that is good and that this version supports. */
  SuperblockProbe(BlockDevice device, ByteBuffer superblock) {
    this.device = device;
    this.superblock = superblock;
    this.geometry = Geometry.of(superblock);
    this.volume = BlockHeader.volumeUuid(superblock);
  }

  /** Looks; how often the volume contradicts the copy. */
  int contradictions() throws IOException {
    contradictions = 0;
    end();
    slots();
    groups();
    ByteBuffer root = directory(Superblock.rootInode(superblock));
    if (root == null || InodeBlock.parent(root) != Superblock.rootInode(superblock)) {
      contradict("its root directory is none");
    } else if (!hashFits(root)) {
      contradict("its hash key is not that of the root directory");
    }
    ByteBuffer lostFound = directory(Superblock.lostFoundInode(superblock));
    if (lostFound == null
        || Superblock.lostFoundInode(superblock) == Superblock.rootInode(superblock)
        || InodeBlock.parent(lostFound) != Superblock.rootInode(superblock)) {
      contradict("its lost+found is none");
    }
    return contradictions;
  }

  /** What was wrong first, or null. */
  String first() {
    return first;
  }

  private void contradict(String what) {
    contradictions++;
    if (first == null) {
      first = what;
    }
  }

  private ByteBuffer read(long address, int magic) throws IOException {
    if (address <= 0 || address >= device.size() / BlockHeader.BLOCK_SIZE) {
      return null;
    }
    ByteBuffer block = BlockIo.read(device, address, 1);
    return BlockHeader.check(block, magic, address, volume) == null ? block : null;
  }

  private void end() throws IOException {
    if (read(geometry.totalBlocks() - 1, Superblock.MAGIC) == null) {
      contradict("its last block is no backup superblock");
    }
  }

  private void slots() throws IOException {
    long address = geometry.slotArea();
    ByteBuffer all = BlockIo.read(device, address, SlotDescriptor.CAPACITY);
    int block = BlockHeader.BLOCK_SIZE;
    for (int slot = 0; slot < SlotDescriptor.CAPACITY; slot++) {
      ByteBuffer one = all.slice(slot * block, block).order(ByteOrder.LITTLE_ENDIAN);
      boolean good =
          BlockHeader.check(one, SlotDescriptor.MAGIC, address + slot, volume) == null
              && SlotDescriptor.slot(one) == slot;
      if (!good) {
        contradict("its slots are not where it says");
      } else if (SlotDescriptor.journalStart(one) != 0 != slot < geometry.slotCount()) {
        contradict("it has another number of slots");
      }
    }
  }

  private void groups() throws IOException {
    long step = Math.max(1, geometry.groupCount() / MOST_GROUPS);
    for (long group = 0; group < geometry.groupCount(); group += step) {
      ByteBuffer header = read(geometry.groupStart(group), GroupHeader.MAGIC);
      if (header == null
          || GroupHeader.index(header) != group
          || GroupHeader.blockCount(header) != geometry.groupLength(group)
          || GroupHeader.bitmapBlocks(header) != geometry.groupBitmapBlocks()) {
        contradict("its resource groups are not where it says");
      }
    }
    long behind = geometry.groupArea() + geometry.groupCount() * geometry.groupBlocks();
    ByteBuffer next = read(behind, GroupHeader.MAGIC);
    if (next != null && GroupHeader.index(next) == geometry.groupCount()) {
      contradict("it has more resource groups");
    }
  }

  private ByteBuffer directory(long number) throws IOException {
    if (!geometry.isAllocatable(number)) {
      return null;
    }
    ByteBuffer block = read(number, InodeBlock.MAGIC);
    return block != null
            && (InodeBlock.mode(block) & InodeInfo.TYPE_MASK) == InodeInfo.DIRECTORY
            && InodeBlock.layout(block) == InodeBlock.LAYOUT_DIRECTORY
        ? block
        : null;
  }

  /** Whether the first name of the root directory has its hash under the copy's key. */
  private boolean hashFits(ByteBuffer root) throws IOException {
    ByteBuffer node = root;
    int base = NodeHeader.ROOT_BASE;
    if (NodeHeader.level(root, base) > TreeReader.MAX_LEVEL) {
      return true; // nothing is known
    }
    for (int level = NodeHeader.level(root, base); level > 0; level--) {
      int magic = level == 1 ? DirectoryEntry.MAGIC : IndexEntry.MAGIC;
      node = read(IndexEntry.child(node, IndexEntry.at(base, 0)), magic);
      if (node == null) {
        return true; // the same
      }
      base = NodeHeader.BLOCK_BASE;
    }
    int at = base + NodeHeader.LENGTH;
    if (NodeHeader.count(node, base) == 0
        || at + DirectoryEntry.length(node, at) > BlockHeader.BLOCK_SIZE) {
      return true;
    }
    long hash = NameHash.of(superblock).hash(DirectoryEntry.name(node, at));
    return NameHash.matches(DirectoryEntry.cookie(node, at), hash);
  }
}
