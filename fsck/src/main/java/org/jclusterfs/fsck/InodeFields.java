package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import org.jclusterfs.core.format.InodeBlock;

/** Checks the fields of an inode that have a range of their own, whatever else the volume holds. */
final class InodeFields {
  private static final int MODE_MASK = 0177777;
  private static final int NANOS = 1_000_000_000;

  private final Check check;
  private final InodeInfo inode;

  InodeFields(Check check, InodeInfo inode) {
    this.check = check;
    this.inode = inode;
  }

  /** Checks, and corrects in the block, which the caller writes. */
  void run(ByteBuffer block) {
    int mode = InodeBlock.mode(block);
    if ((mode & ~MODE_MASK) != 0 && wrong("unknown bits in its mode")) {
      InodeBlock.mode(block, mode & MODE_MASK);
    }
    nanos(block, InodeBlock.ACCESS_NANOS_OFFSET, "access");
    nanos(block, InodeBlock.MODIFY_NANOS_OFFSET, "modify");
    nanos(block, InodeBlock.CHANGE_NANOS_OFFSET, "change");
    nanos(block, InodeBlock.BIRTH_NANOS_OFFSET, "birth");
    int type = mode & InodeInfo.TYPE_MASK;
    boolean device = type == InodeInfo.CHARACTER_DEVICE || type == InodeInfo.BLOCK_DEVICE;
    zero(block, !device, InodeBlock.RDEV_MAJOR_OFFSET, 8, "a device number, but is no device");
    zero(block, !inode.isDirectory(), InodeBlock.PARENT_OFFSET, 8, "a parent, but is no directory");
    zero(block, !inode.isDirectory(), InodeBlock.ENTRIES_OFFSET, 8, "names, but is no directory");
    boolean deleted = inode.linkCount == 0;
    zero(
        block,
        !deleted,
        InodeBlock.ORPHAN_SLOT_OFFSET,
        4,
        "an orphan directory that names it, but was not deleted");
  }

  private void nanos(ByteBuffer block, int offset, String name) {
    int nanos = block.getInt(offset);
    if ((nanos < 0 || nanos >= NANOS)
        && wrong("a second or more of nanoseconds in its " + name + " time")) {
      block.putInt(offset, 0);
    }
  }

  private void zero(ByteBuffer block, boolean applies, int offset, int width, String what) {
    boolean set = block.getInt(offset) != 0 || width == 8 && block.getInt(offset + 4) != 0;
    if (applies && set && wrong(what)) {
      block.putInt(offset, 0);
      if (width == 8) {
        block.putInt(offset + 4, 0);
      }
    }
  }

  private boolean wrong(String what) {
    return check.report.fix(Problem.INODE_FIELD_WRONG, inode.number, inode.path, what);
  }
}
