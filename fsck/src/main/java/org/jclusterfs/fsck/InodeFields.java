package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BlockHeader;
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
    generation(block);
    flags(block);
    nanos(block, InodeBlock.ACCESS_NANOS_OFFSET, "access");
    nanos(block, InodeBlock.MODIFY_NANOS_OFFSET, "modify");
    nanos(block, InodeBlock.CHANGE_NANOS_OFFSET, "change");
    nanos(block, InodeBlock.BIRTH_NANOS_OFFSET, "birth");
    int type = inode.type();
    boolean device = type == InodeInfo.CHARACTER_DEVICE || type == InodeInfo.BLOCK_DEVICE;
    zero(block, !device, InodeBlock.RDEV_MAJOR_OFFSET, 8, "a device number, but is no device");
    zero(block, !inode.isDirectory(), InodeBlock.PARENT_OFFSET, 8, "a parent, but is no directory");
    zero(block, !inode.isDirectory(), InodeBlock.ENTRIES_OFFSET, 8, "names, but is no directory");
    boolean deleted = inode.linkCount() == 0;
    zero(
        block,
        !deleted,
        InodeBlock.ORPHAN_SLOT_OFFSET,
        4,
        "an orphan directory that names it, but was not deleted");
  }

  /** Checks what depends on the layout, which is right now. */
  void ofLayout(ByteBuffer block) {
    int layout = InodeBlock.layout(block);
    boolean inline = layout == InodeBlock.LAYOUT_INLINE;
    zero(block, !inline, InodeBlock.BODY_LENGTH_OFFSET, 4, "a length of inline data, but has none");
    boolean empty = layout == InodeBlock.LAYOUT_NONE;
    zero(block, empty, InodeBlock.SIZE_OFFSET, 8, "a size, but no content");
  }

  /** Every later inode at this place gets a generation above this one's versions. */
  private void generation(ByteBuffer block) {
    long generation = InodeBlock.generation(block);
    long version = BlockHeader.version(block);
    if ((generation <= 0 || generation > version)
        && wrong("a generation that another inode could have")) {
      InodeBlock.generation(block, version);
    }
  }

  private void flags(ByteBuffer block) {
    int flags = InodeBlock.flags(block);
    if ((flags & ~InodeBlock.KNOWN_FLAGS) != 0 && wrong("unknown flags")) {
      flags &= InodeBlock.KNOWN_FLAGS;
    }
    int allowed =
        switch (inode.type()) {
          case InodeInfo.DIRECTORY -> InodeBlock.KNOWN_FLAGS;
          case InodeInfo.REGULAR -> InodeBlock.KNOWN_FLAGS & ~InodeBlock.DIRECTORY_FLAGS;
          default -> InodeBlock.SPECIAL_FLAGS;
        };
    int known = flags & InodeBlock.KNOWN_FLAGS;
    if ((known & ~allowed) != 0 && wrong("flags that do not fit its type")) {
      flags &= ~(known & ~allowed);
    }
    InodeBlock.flags(block, flags);
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

  /** Reports a wrong field; returns whether it is to be corrected. */
  boolean wrong(String what) {
    return check.report.fix(Problem.INODE_FIELD_WRONG, inode.number, inode.path(), what);
  }
}
