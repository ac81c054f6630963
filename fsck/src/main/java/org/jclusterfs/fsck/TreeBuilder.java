package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.NodeHeader;

/** Builds a tree anew from its sorted entries, bottom up, in blocks that are free. */
final class TreeBuilder {

  /**
   * An entry as it stands in a leaf.
   *
   * @param key cookie or logical block
   * @param bytes the entry, padding included
   */
  record Item(long key, byte[] bytes) {}

  private record Node(long key, long address) {}

  private final Check check;
  private final long inode;
  private final int leafMagic;
  private final List<Long> nodes = new ArrayList<>();

  TreeBuilder(Check check, long inode, int leafMagic) {
    this.check = check;
    this.inode = inode;
    this.leafMagic = leafMagic;
  }

  /**
   * Writes the tree's blocks, and its root into the inode block, which the caller writes.
   *
   * @return number of blocks that the tree takes
   */
  int build(ByteBuffer inodeBlock, List<Item> items) throws IOException {
    int level = 0;
    List<Item> entries = items;
    while (bytes(entries) > NodeHeader.ROOT_CAPACITY) {
      entries = index(level(entries, level));
      level++;
    }
    fill(inodeBlock, NodeHeader.ROOT_BASE, level, entries);
    return nodes.size();
  }

  private static long bytes(List<Item> items) {
    return items.stream().mapToLong(item -> item.bytes().length).sum();
  }

  private List<Node> level(List<Item> items, int level) throws IOException {
    List<Node> level0 = new ArrayList<>();
    int from = 0;
    while (from < items.size()) {
      int to = from;
      int used = 0;
      while (to < items.size()
          && used + items.get(to).bytes().length <= NodeHeader.BLOCK_CAPACITY) {
        used += items.get(to++).bytes().length;
      }
      long address = check.allocate(BitmapBlock.METADATA);
      ByteBuffer block = check.newBlock(level == 0 ? leafMagic : IndexEntry.MAGIC, address, inode);
      fill(block, NodeHeader.BLOCK_BASE, level, items.subList(from, to));
      check.store.write(block);
      nodes.add(address);
      level0.add(new Node(items.get(from).key(), address));
      from = to;
    }
    return level0;
  }

  private static List<Item> index(List<Node> children) {
    List<Item> entries = new ArrayList<>();
    for (Node child : children) {
      ByteBuffer entry =
          ByteBuffer.allocate(IndexEntry.LENGTH).order(java.nio.ByteOrder.LITTLE_ENDIAN);
      IndexEntry.key(entry, 0, child.key());
      IndexEntry.child(entry, 0, child.address());
      entries.add(new Item(child.key(), entry.array()));
    }
    return entries;
  }

  private void fill(ByteBuffer block, int base, int level, List<Item> items) {
    NodeHeader.initialise(block, base, level);
    NodeHeader.count(block, base, items.size());
    boolean directoryLeaf = level == 0 && leafMagic == DirectoryEntry.MAGIC;
    NodeHeader.used(block, base, directoryLeaf ? (int) bytes(items) : 0);
    int at = base + NodeHeader.LENGTH;
    for (Item item : items) {
      block.put(at, item.bytes());
      at += item.bytes().length;
    }
  }
}
