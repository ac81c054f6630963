package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;

/** Builds a tree anew from its sorted entries, bottom up, in blocks that are free. */
final class TreeBuilder {

  /** An entry of a node. */
  interface Item {
    /** Cookie or logical block. */
    long key();

    /** Bytes that it takes, padding included. */
    int length();

    /** Writes it into a zeroed block. */
    void put(ByteBuffer block, int at);
  }

  private record Child(long key, long address) implements Item {
    @Override
    public int length() {
      return IndexEntry.LENGTH;
    }

    @Override
    public void put(ByteBuffer block, int at) {
      IndexEntry.key(block, at, key);
      IndexEntry.child(block, at, address);
    }
  }

  private final Check check;
  private final long inode;
  private final int leafMagic;
  private int nodes;

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
  int build(ByteBuffer inodeBlock, List<? extends Item> items) throws IOException {
    int level = 0;
    List<? extends Item> entries = items;
    while (bytes(entries) > NodeHeader.ROOT_CAPACITY) {
      entries = level(entries, level);
      level++;
    }
    inodeBlock.put(InodeBlock.BODY_OFFSET, new byte[InodeBlock.BODY_LENGTH]);
    fill(inodeBlock, NodeHeader.ROOT_BASE, level, entries);
    return nodes;
  }

  private static long bytes(List<? extends Item> items) {
    return items.stream().mapToLong(Item::length).sum();
  }

  /** Writes a level of the tree, and returns what the index over it has to hold. */
  private List<Child> level(List<? extends Item> items, int level) throws IOException {
    List<Child> children = new ArrayList<>();
    int from = 0;
    while (from < items.size()) {
      int to = from;
      int used = 0;
      while (to < items.size() && used + items.get(to).length() <= NodeHeader.BLOCK_CAPACITY) {
        used += items.get(to++).length();
      }
      long address = check.allocate(BitmapBlock.METADATA);
      ByteBuffer block = check.newBlock(level == 0 ? leafMagic : IndexEntry.MAGIC, address, inode);
      fill(block, NodeHeader.BLOCK_BASE, level, items.subList(from, to));
      check.store.write(block);
      nodes++;
      children.add(new Child(items.get(from).key(), address));
      from = to;
    }
    return children;
  }

  private void fill(ByteBuffer block, int base, int level, List<? extends Item> items) {
    NodeHeader.initialise(block, base, level);
    NodeHeader.count(block, base, items.size());
    boolean directoryLeaf = level == 0 && leafMagic == DirectoryEntry.MAGIC;
    NodeHeader.used(block, base, directoryLeaf ? (int) bytes(items) : 0);
    int at = base + NodeHeader.LENGTH;
    for (Item item : items) {
      item.put(block, at);
      at += item.length();
    }
  }
}
