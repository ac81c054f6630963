package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.GroupHeader;

/** Compares the bitmaps and the counts of the resource groups with what was found in use. */
final class GroupPass {
  private final Check check;
  private final GroupFields fields;
  private final HeaderFields headers;

  /** Blocks of all groups that are in use, as the bitmaps ought to say. */
  private long used;

  GroupPass(Check check) {
    this.check = check;
    this.fields = new GroupFields(check);
    this.headers = new HeaderFields(check);
  }

  long used() {
    return used;
  }

  void run() throws IOException {
    for (long group = 0; group < check.geometry.groupCount(); group++) {
      run(group);
    }
  }

  private void run(long group) throws IOException {
    long address = check.geometry.groupStart(group);
    BlockStore.Checked read = check.store.readChecked(address, GroupHeader.MAGIC);
    ByteBuffer header = read.block();
    boolean recount = true;
    if (!read.good()) {
      if (check.report.fix(Problem.GROUP_HEADER_DAMAGED, group, read.text())) {
        header = check.newBlock(GroupHeader.MAGIC, address, group);
        GroupHeader.versionFloor(header, Check.freshVersion());
        GroupHeader.index(header, group);
        GroupHeader.blockCount(header, check.geometry.groupLength(group));
        GroupHeader.bitmapBlocks(header, check.geometry.groupBitmapBlocks());
        GroupHeader.longestFree(header, GroupHeader.LONGEST_FREE_UNKNOWN);
      } else {
        header = null;
      }
    }
    boolean allGood = true;
    for (int i = 0; i < check.geometry.groupBitmapBlocks(); i++) {
      allGood &= check.diskBitmap(group, i).good();
    }
    if (read.good() && fields.run(group, header, allGood)) {
      check.store.write(header);
    }
    if (read.good() && allGood && !countsRight(group, header)) {
      recount = check.report.fix(Problem.GROUP_COUNTS_WRONG, group);
    }
    boolean changed = false;
    for (int i = 0; i < check.geometry.groupBitmapBlocks(); i++) {
      changed |= bitmap(group, i, header);
      ByteBuffer expected = check.map.expected(group, i);
      used += BitmapBlock.BLOCKS - BitmapBlock.count(expected, BitmapBlock.FREE);
    }
    used -= beyondEnd(group);
    if (header != null && check.report.mode() != Mode.NO && (recount || changed)) {
      ByteBuffer before = BlockHeader.allocate().put(0, header, 0, BlockHeader.BLOCK_SIZE);
      count(group, header);
      if (changed) {
        GroupHeader.longestFree(header, GroupHeader.LONGEST_FREE_UNKNOWN);
      }
      if (!header.equals(before) || !read.good()) {
        check.store.write(header);
      }
    }
  }

  private long beyondEnd(long group) {
    return (long) check.geometry.groupBitmapBlocks() * BitmapBlock.BLOCKS
        - check.geometry.groupLength(group);
  }

  private boolean countsRight(long group, ByteBuffer header) throws IOException {
    ByteBuffer counted = BlockHeader.allocate().put(0, header, 0, BlockHeader.BLOCK_SIZE);
    count(group, counted);
    GroupHeader.longestFree(counted, GroupHeader.longestFree(header));
    return counted.equals(header);
  }

  /** Sets the counts to what the volume's bitmaps say now. */
  private void count(long group, ByteBuffer header) throws IOException {
    int free = 0;
    int inodes = 0;
    for (int i = 0; i < GroupHeader.MAX_BITMAP_BLOCKS; i++) {
      int here = 0;
      if (i < check.geometry.groupBitmapBlocks()) {
        BlockStore.Checked read = check.diskBitmap(group, i);
        ByteBuffer bitmap = read.good() ? read.block() : check.map.expected(group, i);
        here = count(group, i, bitmap, BitmapBlock.FREE);
        inodes += count(group, i, bitmap, BitmapBlock.INODE);
      }
      GroupHeader.freePerBitmap(header, i, here);
      free += here;
    }
    if (GroupHeader.freeBlocks(header) != free) {
      GroupHeader.longestFree(header, GroupHeader.LONGEST_FREE_UNKNOWN);
    }
    GroupHeader.freeBlocks(header, free);
    GroupHeader.inodeCount(header, inodes);
  }

  /** Blocks of the group in a state, by one bitmap block. */
  private int count(long group, int index, ByteBuffer bitmap, int state) {
    int count = BitmapBlock.count(bitmap, state);
    for (int i = blocksOf(group, index); i < BitmapBlock.BLOCKS; i++) {
      count -= BitmapBlock.state(bitmap, i) == state ? 1 : 0;
    }
    return count;
  }

  /** Compares one bitmap block, and returns whether it was changed. */
  private boolean bitmap(long group, int index, ByteBuffer header) throws IOException {
    BlockStore.Checked read = check.diskBitmap(group, index);
    ByteBuffer expected = check.map.expected(group, index);
    if (!read.good()) {
      if (!check.report.fix(Problem.BITMAP_DAMAGED, index, group, read.text())) {
        return false;
      }
      long address = check.geometry.bitmapBlock(group, index);
      ByteBuffer made = check.newBlock(BitmapBlock.MAGIC, address, group);
      made.put(
          BitmapBlock.STATES_OFFSET,
          expected,
          BitmapBlock.STATES_OFFSET,
          BitmapBlock.STATES_LENGTH);
      check.store.write(made);
      return true;
    }
    ByteBuffer bitmap = read.block();
    boolean changed = headers.check(bitmap, "bitmap", group);
    changed |= padding(group, index, bitmap);
    changed |= compare(group, index, bitmap, expected, header);
    if (changed) {
      check.store.write(bitmap);
    }
    return changed;
  }

  /** Checks the states of blocks that the group does not have: nobody may take them. */
  private boolean padding(long group, int index, ByteBuffer bitmap) {
    int end = blocksOf(group, index);
    for (int i = end; i < BitmapBlock.BLOCKS; i++) {
      if (BitmapBlock.state(bitmap, i) != BitmapBlock.METADATA) {
        boolean fix = check.report.fix(Problem.BITMAP_PADDING_WRONG, index, group);
        if (fix) {
          BitmapBlock.fill(bitmap, end, BitmapBlock.BLOCKS, BitmapBlock.METADATA);
        }
        return fix;
      }
    }
    return false;
  }

  /** Blocks of the group that a bitmap block tells of. */
  private int blocksOf(long group, int index) {
    long left = check.geometry.groupLength(group) - (long) index * BitmapBlock.BLOCKS;
    return (int) Math.max(0, Math.min(BitmapBlock.BLOCKS, left));
  }

  private boolean compare(
      long group, int index, ByteBuffer bitmap, ByteBuffer expected, ByteBuffer header)
      throws IOException {
    long first = check.geometry.groupStart(group) + (long) index * BitmapBlock.BLOCKS;
    boolean changed = false;
    int limit = blocksOf(group, index);
    int i = 0;
    while (i < limit) {
      int at = BitmapBlock.STATES_OFFSET + (i >>> 2);
      if ((i & 3) == 0 && bitmap.get(at) == expected.get(at)) {
        i += 4;
        continue;
      }
      Problem problem = difference(bitmap, expected, first, i);
      int end = i + 1;
      while (problem != null
          && end < limit
          && difference(bitmap, expected, first, end) == problem) {
        end++;
      }
      boolean released = problem == Problem.BLOCK_LEAKED && check.map.isReleased(first + i);
      if (problem != null && (released || mayFix(problem, first + i, first + end - 1))) {
        for (int block = i; block < end; block++) {
          boolean metadata = BitmapBlock.state(bitmap, block) >= BitmapBlock.METADATA;
          if (metadata && header != null && problem == Problem.BLOCK_LEAKED) {
            check.raiseFloor(header, first + block);
          }
          BitmapBlock.state(bitmap, block, BitmapBlock.state(expected, block));
        }
        changed = true;
      }
      i = end;
    }
    return changed;
  }

  /** Whether a difference is repaired; a block of something unrepaired is not given away. */
  private boolean mayFix(Problem problem, long from, long to) {
    int leftBefore = check.report.left();
    if (problem == Problem.BLOCK_LEAKED && leftBefore > 0 && check.report.mode() != Mode.NO) {
      check.report.say(
          "Blocks " + from + " to " + to + " stay as they are, since other problems were left.");
      return false;
    }
    return check.report.fix(problem, from, to);
  }

  private Problem difference(ByteBuffer bitmap, ByteBuffer expected, long first, int index) {
    int found = BitmapBlock.state(bitmap, index);
    int right = BitmapBlock.state(expected, index);
    if (found == right) {
      return null;
    }
    if (right == BitmapBlock.FREE) {
      return Problem.BLOCK_LEAKED;
    }
    return found == BitmapBlock.FREE ? Problem.BLOCK_WRONGLY_FREE : Problem.BLOCK_STATE_WRONG;
  }
}
