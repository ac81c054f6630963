package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.InodeBlock;

/** Compares link counts with the names that were found. */
final class LinkPass {
  private final Check check;

  LinkPass(Check check) {
    this.check = check;
  }

  void run() throws IOException {
    for (InodeInfo inode : check.inodes.values()) {
      int expected = inode.expectedLinks();
      if (!inode.system
          && inode.linkCount != expected
          && check.report.fix(
              Problem.LINK_COUNT_WRONG, inode.number, inode.path, inode.linkCount, expected)) {
        ByteBuffer block = check.store.readChecked(inode.number, InodeBlock.MAGIC).block();
        InodeBlock.linkCount(block, expected);
        check.store.write(block);
      }
    }
  }
}
