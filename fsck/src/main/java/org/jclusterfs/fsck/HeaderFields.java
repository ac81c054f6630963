package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BlockHeader;

/**
 * Checks what the common header of a good block says beside what tells a good one from a bad one:
 * owner, version and flags.
 *
 * <p>Every version is above the one that mkfs began at, and so far from the largest number that it
 * can never get there. A version that is too low would let an older image be replayed over the
 * block.
 */
final class HeaderFields {
  /** No block is changed that often: a version from here on would run over. */
  private static final long VERSION_LIMIT = 1L << 62;

  private final Report report;
  private final long first;

  /** For blocks that may have any version. */
  HeaderFields(Report report) {
    this(report, 0);
  }

  /** For blocks whose versions are all above that which mkfs began at. */
  HeaderFields(Check check) {
    this(check.report, check.firstVersion());
  }

  private HeaderFields(Report report, long first) {
    this.report = report;
    this.first = first;
  }

  /**
   * Checks, and corrects in the block, which the caller writes.
   *
   * @param what kind of the block, for people
   * @param owner what its owner has to be
   * @return whether the block was changed
   */
  boolean check(ByteBuffer block, Object what, long owner) {
    boolean changed = false;
    long found = BlockHeader.owner(block);
    if (found != owner && wrong(block, what, "owner " + found + ", should be " + owner)) {
      BlockHeader.owner(block, owner);
      changed = true;
    }
    return check(block, what) || changed;
  }

  /** As {@link #check(ByteBuffer, Object, long)}, for a block whose owner was compared before. */
  boolean check(ByteBuffer block, Object what) {
    boolean changed = false;
    int flags = BlockHeader.headerFlags(block);
    if (flags != 0 && wrong(block, what, "unknown flags")) {
      block.putInt(BlockHeader.HEADER_FLAGS_OFFSET, 0);
      changed = true;
    }
    long version = BlockHeader.version(block);
    if ((version <= first || !isVersion(version)) && wrong(block, what, "an impossible version")) {
      BlockHeader.version(block, Check.freshVersion());
      changed = true;
    }
    return changed;
  }

  /** Whether a version may be that of a block. */
  static boolean isVersion(long version) {
    return version > 0 && version < VERSION_LIMIT;
  }

  private boolean wrong(ByteBuffer block, Object what, String field) {
    return report.fix(Problem.HEADER_FIELD_WRONG, BlockHeader.address(block), what, field);
  }
}
