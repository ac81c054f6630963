package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.GroupHeader;

/** Checks the fields of a resource group's header beside the counts. */
final class GroupFields {
  private final Check check;
  private final HeaderFields headers;

  GroupFields(Check check) {
    this.check = check;
    this.headers = new HeaderFields(check);
  }

  /**
   * Checks, and corrects in the block.
   *
   * @param bitmapsGood whether the group's bitmaps can be read, so that the hint can be judged
   * @return whether the caller has to write it
   */
  boolean run(long group, ByteBuffer header, boolean bitmapsGood) throws IOException {
    boolean changed = headers.check(header, "resource group", group);
    if (GroupHeader.index(header) != group
        && wrong(group, "the index " + GroupHeader.index(header))) {
      GroupHeader.index(header, group);
      changed = true;
    }
    int length = check.geometry.groupLength(group);
    if (GroupHeader.blockCount(header) != length
        && wrong(group, GroupHeader.blockCount(header) + " blocks, should be " + length)) {
      GroupHeader.blockCount(header, length);
      changed = true;
    }
    int bitmaps = check.geometry.groupBitmapBlocks();
    if (GroupHeader.bitmapBlocks(header) != bitmaps
        && wrong(group, GroupHeader.bitmapBlocks(header) + " bitmap blocks, not " + bitmaps)) {
      GroupHeader.bitmapBlocks(header, bitmaps);
      changed = true;
    }
    long floor = GroupHeader.versionFloor(header);
    if ((floor < check.firstVersion() || !HeaderFields.isVersion(floor))
        && wrong(group, "an impossible version floor")) {
      GroupHeader.versionFloor(header, Check.freshVersion());
      changed = true;
    }
    int longest = GroupHeader.longestFree(header);
    boolean known = longest != GroupHeader.LONGEST_FREE_UNKNOWN;
    if (known && bitmapsGood) {
      int found = longestRun(group);
      if ((longest < found || longest > length)
          && wrong(group, "a longest free run of " + longest + ", there is one of " + found)) {
        GroupHeader.longestFree(header, GroupHeader.LONGEST_FREE_UNKNOWN);
        changed = true;
      }
    }
    return changed;
  }

  private boolean wrong(long group, String what) {
    return check.report.fix(Problem.GROUP_FIELD_WRONG, group, what);
  }

  private int longestRun(long group) throws IOException {
    int length = check.geometry.groupLength(group);
    int longest = 0;
    int run = 0;
    for (int i = 0; i < length; i++) {
      ByteBuffer bitmap = check.diskBitmap(group, i / BitmapBlock.BLOCKS).block();
      boolean free = BitmapBlock.state(bitmap, i % BitmapBlock.BLOCKS) == BitmapBlock.FREE;
      run = free ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }
}
