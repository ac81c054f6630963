package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.InodeBlock;

/**
 * Checks the slots' orphan directories, and frees what was deleted while it was open: the inodes
 * that they name.
 */
final class OrphanPass {
  private final Check check;
  private final InodePass inodes;
  private final RootPass roots;

  OrphanPass(Check check, InodePass inodes, RootPass roots) {
    this.check = check;
    this.inodes = inodes;
    this.roots = roots;
  }

  /** To run after the walk from the root, so that only what no name leads to is freed. */
  void run() throws IOException {
    for (int slot = 0; slot < check.orphanDirectories.length; slot++) {
      long number = roots.orphanDirectory(slot);
      if (number != 0) {
        int of = slot;
        InodeInfo directory =
            inodes.checkSystem(number, null, null, (names, entry) -> checkEntry(of, names, entry));
        checkLinks(directory);
      }
    }
  }

  private void checkLinks(InodeInfo directory) throws IOException {
    int found = directory.linkCount();
    // Deleted directories in it are not counted.
    if (found != 2
        && check.report.fix(
            Problem.LINK_COUNT_WRONG, directory.number, directory.path(), found, 2)) {
      ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
      InodeBlock.linkCount(block, 2);
      check.store.write(block);
    }
  }

  /** The entry as it is to be, or null where it goes. */
  private DirectoryCheck.Entry checkEntry(
      int slot, DirectoryCheck names, DirectoryCheck.Entry entry) throws IOException {
    long number = entry.inode();
    ByteBuffer block = check.inodes.contains(number) ? null : inodes.probe(number);
    boolean right =
        block != null
            && InodeBlock.linkCount(block) == 0
            && entry.text().equals(String.format("%016x", number));
    if (!right) {
      boolean fix = check.report.fix(Problem.ORPHAN_ENTRY_WRONG, slot, entry.text());
      return names.rebuilt(fix) ? null : entry;
    }
    checkSlot(slot, number, block);
    boolean fix = check.report.fix(Problem.ORPHAN_LEFT, number);
    int repairs = check.rebuilds.size();
    check.map.record();
    InodeInfo orphan = inodes.checkSystem(number, names.directory(), entry.name(), this::ofDeleted);
    BlockSet claimed = check.map.recorded();
    if (!names.rebuilt(fix)) {
      return InodePass.withType(names, entry, orphan);
    }
    // What is freed needs no repair.
    check.rebuilds.subList(repairs, check.rebuilds.size()).clear();
    check.inodes.remove(number);
    check.map.release(claimed);
    return null;
  }

  private void checkSlot(int slot, long number, ByteBuffer block) throws IOException {
    int found = InodeBlock.orphanSlot(block);
    if (found != slot + 1
        && check.report.fix(
            Problem.INODE_FIELD_WRONG,
            number,
            "orphans of slot " + slot,
            "the orphan slot " + found + " instead of " + (slot + 1))) {
      InodeBlock.orphanSlot(block, slot + 1);
      check.store.write(block);
    }
  }

  /** A deleted directory has no names; where one has, what they lead to is not deleted with it. */
  private DirectoryCheck.Entry ofDeleted(DirectoryCheck deleted, DirectoryCheck.Entry entry) {
    return deleted.fix(Problem.ORPHAN_NOT_EMPTY, entry) ? null : entry;
  }
}
