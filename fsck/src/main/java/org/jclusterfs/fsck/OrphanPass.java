package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.InodeBlock;

/** Frees what was deleted while it was open: the inodes that the slots' orphan directories name. */
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
      InodeInfo directory = roots.orphanDirectory(slot);
      if (directory != null) {
        check.queue.remove(directory);
        run(slot, directory);
      }
    }
  }

  private void run(int slot, InodeInfo directory) throws IOException {
    ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
    TreeNodes nodes = new TreeNodes();
    List<DirectoryCheck.Entry> entries = DirectoryCheck.read(check, directory, block, nodes.blocks);
    List<DirectoryCheck.Entry> kept = new ArrayList<>();
    for (DirectoryCheck.Entry entry : entries) {
      if (!checkEntry(slot, directory, entry)) {
        kept.add(entry);
      }
    }
    if (kept.size() != entries.size()) {
      check.rebuilds.add(
          () -> new DirectoryBuilder(check, directory.number).rebuild(kept, nodes.blocks));
    } else if (InodeBlock.entries(block) != entries.size()
        && check.report.fix(
            Problem.ENTRY_COUNT_WRONG,
            directory.number,
            directory.path,
            InodeBlock.entries(block),
            entries.size())) {
      InodeBlock.entries(block, entries.size());
      check.store.write(block);
    }
  }

  private static final class TreeNodes {
    final List<Long> blocks = new ArrayList<>();
  }

  /** Whether the entry goes. */
  private boolean checkEntry(int slot, InodeInfo directory, DirectoryCheck.Entry entry)
      throws IOException {
    long number = entry.inode();
    ByteBuffer block = check.inodes.containsKey(number) ? null : inodes.probe(number);
    boolean right =
        block != null
            && InodeBlock.linkCount(block) == 0
            && entry.text().equals(String.format("%016x", number));
    if (!right) {
      return check.report.fix(Problem.ORPHAN_ENTRY_WRONG, slot, entry.text());
    }
    boolean fix = check.report.fix(Problem.ORPHAN_LEFT, number);
    check.map.record();
    InodeInfo orphan = inodes.find(number, directory.path + "/" + entry.text());
    orphan.system = true;
    if (orphan.isDirectory()) {
      orphan.parent = InodeBlock.parent(block);
    }
    inodes.walk();
    List<Long> claimed = check.map.recorded();
    if (fix) {
      check.inodes.remove(number);
      for (long freed : claimed) {
        check.map.release(freed);
      }
    } else {
      check.map.set(number, BitmapBlock.INODE);
    }
    return fix;
  }
}
