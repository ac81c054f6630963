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
    check.inodes.forEach(check, this::check);
  }

  private void check(InodeInfo inode) throws IOException {
    int found = inode.linkCount();
    int expected = inode.expectedLinks();
    if (!inode.isSystem()
        && found != expected
        && check.report.fix(
            Problem.LINK_COUNT_WRONG, inode.number, inode.path(), found, expected)) {
      ByteBuffer block = check.store.readChecked(inode.number, InodeBlock.MAGIC).block();
      InodeBlock.linkCount(block, expected);
      // What has a name is no orphan.
      InodeBlock.orphanSlot(block, 0);
      check.store.write(block);
    }
  }
}
