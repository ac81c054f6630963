package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.ExtentEntry;
import org.jclusterfs.core.format.IndexEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.inode.FileContent;

/** Checks that layout, lengths and content of an inode fit its type and each other. */
final class InodeContent {
  private static final int LONGEST_TARGET = 4095;

  private final Check check;
  private final InodeInfo inode;
  private final ByteBuffer block;

  /** To check one inode; corrections go into the block, which the caller writes. */
  InodeContent(Check check, InodeInfo inode, ByteBuffer block) {
    this.check = check;
    this.inode = inode;
    this.block = block;
  }

  private boolean hasBytes() {
    return inode.type() == InodeInfo.REGULAR || inode.type() == InodeInfo.SYMLINK;
  }

  /** Checks the layout; a wrong one becomes the one that the content looks like. */
  void layout() throws IOException {
    int layout = InodeBlock.layout(block);
    boolean fits;
    if (inode.isDirectory()) {
      fits = layout == InodeBlock.LAYOUT_DIRECTORY;
    } else if (hasBytes()) {
      fits =
          layout == InodeBlock.LAYOUT_INLINE
              || layout == InodeBlock.LAYOUT_EXTENTS
              || layout == InodeBlock.LAYOUT_NONE && InodeBlock.size(block) == 0;
    } else {
      fits =
          layout == InodeBlock.LAYOUT_NONE
              || layout == InodeBlock.LAYOUT_INLINE && InodeBlock.bodyLength(block) == 0;
    }
    if (fits || !check.report.fix(Problem.INODE_LAYOUT_WRONG, inode.number, inode.path())) {
      return;
    }
    if (inode.isDirectory()) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_DIRECTORY);
      if (!looksLikeTree(DirectoryEntry.MAGIC)) {
        empty();
        InodeBlock.size(block, BlockHeader.BLOCK_SIZE);
      }
    } else if (!hasBytes()) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_NONE);
      empty();
    } else if (looksInline()) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
    } else if (looksLikeTree(ExtentEntry.MAGIC)) {
      InodeBlock.layout(block, InodeBlock.LAYOUT_EXTENTS);
    } else {
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
      empty();
    }
  }

  private void empty() {
    block.put(InodeBlock.BODY_OFFSET, new byte[InodeBlock.BODY_LENGTH]);
    InodeBlock.bodyLength(block, 0);
    InodeBlock.size(block, 0);
  }

  private boolean looksInline() {
    int length = InodeBlock.bodyLength(block);
    return length > 0 && length <= InodeBlock.BODY_LENGTH && InodeBlock.size(block) == length;
  }

  /** Whether the body holds a root node with something in it that can be read. */
  private boolean looksLikeTree(int leafMagic) throws IOException {
    int count = NodeHeader.count(block, NodeHeader.ROOT_BASE);
    int level = NodeHeader.level(block, NodeHeader.ROOT_BASE);
    if (count == 0 || InodeBlock.bodyLength(block) != 0) {
      return false;
    }
    if (level == 0 && leafMagic == DirectoryEntry.MAGIC) {
      return DirectoryNames.leaf(block, NodeHeader.ROOT_BASE, entry -> {}) == null;
    }
    if (count * IndexEntry.LENGTH > NodeHeader.ROOT_CAPACITY) {
      return false;
    }
    int first = IndexEntry.at(NodeHeader.ROOT_BASE, 0);
    if (level == 0) {
      return ExtentEntry.logical(block, first) >= 0
          && check.geometry.isAllocatable(ExtentEntry.physical(block, first));
    }
    long child = IndexEntry.child(block, first);
    if (!check.geometry.isAllocatable(child)) {
      return false;
    }
    BlockStore.Checked read =
        check.store.readChecked(child, level == 1 ? leafMagic : IndexEntry.MAGIC);
    return read.good() && BlockHeader.owner(read.block()) == inode.number;
  }

  /** Checks the length of inline content, and that nothing stands behind it. */
  void inline() {
    int length = InodeBlock.bodyLength(block);
    long size = InodeBlock.size(block);
    boolean fits = length >= 0 && length <= InodeBlock.BODY_LENGTH && size == length;
    if (!fits && check.report.fix(Problem.INODE_INLINE_LENGTH_WRONG, inode.number, inode.path())) {
      boolean sizeFits = size >= 0 && size <= InodeBlock.BODY_LENGTH;
      length = sizeFits ? (int) size : Math.max(0, Math.min(length, InodeBlock.BODY_LENGTH));
      InodeBlock.bodyLength(block, length);
      InodeBlock.size(block, length);
    } else if (!fits) {
      return;
    }
    // A file that grows within its inode shows these bytes, which have to be zeros.
    byte[] behind = new byte[InodeBlock.BODY_LENGTH - length];
    if (!block.slice(InodeBlock.BODY_OFFSET + length, behind.length).equals(ByteBuffer.wrap(behind))
        && new InodeFields(check, inode).wrong("stale bytes behind its inline content")) {
      block.put(InodeBlock.BODY_OFFSET + length, behind);
    }
  }

  /**
   * Checks the size of what is in extents.
   *
   * @param writtenEnd first block of the file behind all that are mapped and written
   */
  void size(long writtenEnd) {
    long size = InodeBlock.size(block);
    long blocks = size / BlockHeader.BLOCK_SIZE + (size % BlockHeader.BLOCK_SIZE == 0 ? 0 : 1);
    boolean possible = size >= 0 && size <= FileContent.MAX_SIZE;
    if (possible && writtenEnd <= blocks) {
      return;
    }
    long right = Math.min(writtenEnd * BlockHeader.BLOCK_SIZE, FileContent.MAX_SIZE);
    if (check.report.fix(Problem.INODE_SIZE_WRONG, inode.number, inode.path(), size, right)) {
      InodeBlock.size(block, right);
    }
  }

  /** Checks the target of a symbolic link, whose lengths are right; one without is a file. */
  void target() throws IOException {
    long size = InodeBlock.size(block);
    String wrong = null;
    if (size < 1 || size > LONGEST_TARGET) {
      wrong = "has a target of " + size + " bytes";
    } else if (targetHasNul((int) size)) {
      wrong = "has a zero byte in its target";
    }
    if (wrong != null
        && check.report.fix(Problem.SYMLINK_TARGET_WRONG, inode.number, inode.path(), wrong)) {
      InodeBlock.mode(block, InodeInfo.REGULAR | 0600);
      inode.type(InodeInfo.REGULAR);
    }
  }

  private boolean targetHasNul(int size) throws IOException {
    ByteBuffer content = block.slice(InodeBlock.BODY_OFFSET, InodeBlock.BODY_LENGTH);
    if (InodeBlock.layout(block) == InodeBlock.LAYOUT_EXTENTS) {
      int first = ExtentEntry.at(NodeHeader.ROOT_BASE, 0);
      if (NodeHeader.level(block, NodeHeader.ROOT_BASE) != 0
          || NodeHeader.count(block, NodeHeader.ROOT_BASE) != 1
          || ExtentEntry.logical(block, first) != 0
          || (ExtentEntry.flags(block, first) & ExtentEntry.UNWRITTEN) != 0) {
        return true; // a hole reads as zeros
      }
      content = check.store.read(ExtentEntry.physical(block, first));
    }
    for (int i = 0; i < size; i++) {
      if (content.get(i) == 0) {
        return true;
      }
    }
    return false;
  }
}
