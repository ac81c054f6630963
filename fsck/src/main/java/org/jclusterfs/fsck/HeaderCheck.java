package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.GroupHeader;

/**
 * Checks the fields of the common header that a checked read leaves alone, in the blocks of inodes:
 * flags and version.
 *
 * <p>Every version is above the one that mkfs began at, and so far from the largest number that it
 * can never get there. A version that is too low would let an older image be replayed over the
 * block.
 */
final class HeaderCheck {
  private final Check check;

  HeaderCheck(Check check) {
    this.check = check;
  }

  /** Checks, and corrects in the block; returns whether the caller has to write it. */
  boolean run(InodeInfo inode, ByteBuffer block) throws IOException {
    boolean changed = false;
    if (BlockHeader.headerFlags(block) != 0 && wrong(inode, block, "unknown flags")) {
      block.putInt(BlockHeader.HEADER_FLAGS_OFFSET, 0);
      changed = true;
    }
    long version = BlockHeader.version(block);
    if ((version <= check.firstVersion() || !HeaderFields.isVersion(version))
        && wrong(inode, block, "a version that it cannot have")) {
      BlockHeader.version(block, floor(BlockHeader.address(block)) + 1);
      changed = true;
    }
    return changed;
  }

  private boolean wrong(InodeInfo inode, ByteBuffer block, String what) {
    return check.report.fix(
        Problem.HEADER_FIELD_WRONG,
        BlockHeader.address(block),
        "of inode " + inode.number + ", " + inode.path(),
        what);
  }

  private long floor(long block) throws IOException {
    long start = check.geometry.groupStart(check.geometry.groupOf(block));
    BlockStore.Checked header = check.store.readChecked(start, GroupHeader.MAGIC);
    long floor = header.good() ? GroupHeader.versionFloor(header.block()) : 0;
    return floor > check.firstVersion() && HeaderFields.isVersion(floor)
        ? floor
        : Check.freshVersion();
  }
}
