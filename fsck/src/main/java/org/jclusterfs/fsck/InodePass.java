package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;

/**
 * Finds inodes, claims their blocks and checks what they hold; directories lead to more of them.
 */
final class InodePass {
  private final Check check;
  private final XattrCheck xattrs;

  /** Why {@link #find} found nothing, to follow "which …". */
  private String reason;

  InodePass(Check check) {
    this.check = check;
    this.xattrs = new XattrCheck(check);
  }

  String reason() {
    return reason;
  }

  /**
   * The inode of a number: known already, or read, claimed and queued; null where there is none.
   */
  InodeInfo find(long number, String path) throws IOException {
    InodeInfo known = check.inodes.get(number);
    if (known != null) {
      return known;
    }
    ByteBuffer block = probe(number);
    if (block == null) {
      return null;
    }
    InodeInfo inode =
        new InodeInfo(number, path, InodeBlock.mode(block), InodeBlock.linkCount(block));
    check.map.set(number, BitmapBlock.INODE);
    check.inodes.put(number, inode);
    check.queue.add(inode);
    return inode;
  }

  /** Reads an inode block without claiming it; null, with the reason set, where it is none. */
  ByteBuffer probe(long number) throws IOException {
    if (!check.geometry.isAllocatable(number)) {
      reason = "is outside of where inodes may lie";
      return null;
    }
    BlockStore.Checked read = check.store.readChecked(number, InodeBlock.MAGIC);
    if (!read.good()) {
      reason = read.text();
      return null;
    }
    if (BlockHeader.owner(read.block()) != number
        || !InodeInfo.knownType(InodeBlock.mode(read.block()))) {
      reason = "is not an inode of a known type";
      return null;
    }
    if (InodeBlock.linkCount(read.block()) == 0
        && check.diskState(number) != BitmapBlock.INODE
        && check.diskState(number) >= 0) {
      reason = "was deleted";
      return null;
    }
    return read.block();
  }

  /** Checks what is queued, and what that leads to. */
  void walk() throws IOException {
    for (InodeInfo inode = check.queue.poll(); inode != null; inode = check.queue.poll()) {
      check(inode);
    }
  }

  private void check(InodeInfo inode) throws IOException {
    ByteBuffer block = check.store.readChecked(inode.number, InodeBlock.MAGIC).block();
    ByteBuffer before = BlockHeader.allocate().put(0, block, 0, BlockHeader.BLOCK_SIZE);
    new InodeFields(check, inode).run(block);
    checkLayout(inode, block);
    long blocks = xattrs.run(inode, block);
    long tree = 0;
    switch (InodeBlock.layout(block)) {
      case InodeBlock.LAYOUT_DIRECTORY ->
          tree = new DirectoryCheck(check, this, inode).run(block, blocks);
      case InodeBlock.LAYOUT_EXTENTS -> tree = new ExtentCheck(check, inode).run(block, blocks);
      case InodeBlock.LAYOUT_INLINE -> checkInline(inode, block);
      default -> {} // nothing
    }
    long found = InodeBlock.blocks(block);
    if (tree >= 0
        && found != blocks + tree
        && check.report.fix(
            Problem.INODE_BLOCKS_WRONG, inode.number, inode.path, found, blocks + tree)) {
      InodeBlock.blocks(block, blocks + tree);
    }
    if (!block.equals(before)) {
      check.store.write(block);
    }
  }

  private void checkLayout(InodeInfo inode, ByteBuffer block) {
    int layout = InodeBlock.layout(block);
    boolean fits =
        switch (inode.mode & InodeInfo.TYPE_MASK) {
          case InodeInfo.DIRECTORY -> layout == InodeBlock.LAYOUT_DIRECTORY;
          case InodeInfo.REGULAR, InodeInfo.SYMLINK ->
              layout == InodeBlock.LAYOUT_INLINE
                  || layout == InodeBlock.LAYOUT_EXTENTS
                  || layout == InodeBlock.LAYOUT_NONE && InodeBlock.size(block) == 0;
          default ->
              layout == InodeBlock.LAYOUT_NONE
                  || layout == InodeBlock.LAYOUT_INLINE && InodeBlock.bodyLength(block) == 0;
        };
    if (fits || !check.report.fix(Problem.INODE_LAYOUT_WRONG, inode.number, inode.path)) {
      return;
    }
    InodeBlock.bodyLength(block, 0);
    if (inode.isDirectory()) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_DIRECTORY);
      NodeHeader.initialise(block, NodeHeader.ROOT_BASE, 0);
      InodeBlock.size(block, BlockHeader.BLOCK_SIZE);
      InodeBlock.entries(block, 0);
    } else {
      boolean content =
          (inode.mode & InodeInfo.TYPE_MASK) == InodeInfo.REGULAR
              || (inode.mode & InodeInfo.TYPE_MASK) == InodeInfo.SYMLINK;
      InodeBlock.layout(block, content ? InodeBlock.LAYOUT_INLINE : InodeBlock.LAYOUT_NONE);
      InodeBlock.size(block, 0);
    }
  }

  private void checkInline(InodeInfo inode, ByteBuffer block) {
    int length = InodeBlock.bodyLength(block);
    long size = InodeBlock.size(block);
    if (length >= 0 && length <= InodeBlock.BODY_LENGTH && size == length) {
      return;
    }
    if (check.report.fix(Problem.INODE_INLINE_LENGTH_WRONG, inode.number, inode.path)) {
      boolean sizeFits = size >= 0 && size <= InodeBlock.BODY_LENGTH;
      int fitting = sizeFits ? (int) size : Math.max(0, Math.min(length, InodeBlock.BODY_LENGTH));
      InodeBlock.bodyLength(block, fitting);
      InodeBlock.size(block, fitting);
    }
  }
}
