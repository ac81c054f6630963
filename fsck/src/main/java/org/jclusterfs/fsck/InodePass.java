package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;

/**
 * Finds inodes, claims their blocks and checks what they hold; directories lead to more of them.
 * Directories wait in a queue, everything else is checked as soon as it is found.
 */
final class InodePass {
  private final Check check;
  private final LongQueue queue = new LongQueue();

  /** Why {@link #find} found nothing, to follow "which …". */
  private String reason;

  InodePass(Check check) {
    this.check = check;
  }

  String reason() {
    return reason;
  }

  /**
   * The inode of a number: known already, or read, claimed and checked, or queued where it is a
   * directory; null where there is none.
   *
   * @param directory where a name leads to it, or null
   * @param name that name
   */
  InodeInfo find(long number, InodeInfo directory, byte[] name) throws IOException {
    InodeInfo inode = new InodeInfo(check, number, directory, name);
    if (check.inodes.contains(number)) {
      return inode;
    }
    ByteBuffer block = probe(number);
    if (block == null) {
      return null;
    }
    add(inode, block);
    if (inode.isDirectory()) {
      queue.add(number);
    } else {
      check(inode, block, null);
    }
    return inode;
  }

  private void add(InodeInfo inode, ByteBuffer block) {
    InodeInfo directory = inode.directory();
    check.map.set(inode.number, BitmapBlock.INODE);
    check.inodes.add(
        inode.number,
        InodeBlock.mode(block),
        InodeBlock.linkCount(block),
        directory == null ? 0 : directory.number);
  }

  /**
   * Finds and checks an inode that is not of the tree below the root: an orphan directory, or what
   * it names.
   *
   * @param follower for the names in it, if it is a directory
   * @return it, or null where there is none or it is known already
   */
  InodeInfo checkSystem(
      long number, InodeInfo directory, byte[] name, DirectoryCheck.Follower follower)
      throws IOException {
    ByteBuffer block = check.inodes.contains(number) ? null : probe(number);
    if (block == null) {
      return null;
    }
    InodeInfo inode = new InodeInfo(check, number, directory, name);
    add(inode, block);
    inode.system();
    check(inode, block, follower);
    return inode;
  }

  /** Reads an inode block without claiming it; null, with the reason set, where it is none. */
  ByteBuffer probe(long number) throws IOException {
    if (!check.geometry.isAllocatable(number)) {
      reason = "is outside of where inodes may lie";
      return null;
    }
    if (check.map.isReleased(number)) {
      reason = "was deleted";
      return null;
    }
    BlockStore.Checked read = check.store.readChecked(number, InodeBlock.MAGIC);
    if (!read.good()) {
      reason = read.text();
      return null;
    }
    if (BlockHeader.owner(read.block()) != number
        || !InodeInfo.knownType(InodeBlock.mode(read.block()))) {
      reason = "is not an inode of a known type";
      return null;
    }
    if (InodeBlock.linkCount(read.block()) == 0
        && check.diskState(number) != BitmapBlock.INODE
        && check.diskState(number) >= 0) {
      reason = "was deleted";
      return null;
    }
    return read.block();
  }

  /** Checks the directories that are queued, and what they lead to. */
  void walk() throws IOException {
    while (!queue.isEmpty()) {
      InodeInfo directory = new InodeInfo(check, queue.take(), null, null);
      ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
      check(directory, block, this::follow);
    }
  }

  private void check(InodeInfo inode, ByteBuffer block, DirectoryCheck.Follower follower)
      throws IOException {
    ByteBuffer before = BlockHeader.allocate().put(0, block, 0, BlockHeader.BLOCK_SIZE);
    new HeaderFields(check).check(block, inode);
    InodeFields fields = new InodeFields(check, inode);
    fields.run(block);
    InodeContent content = new InodeContent(check, inode, block);
    content.layout();
    fields.ofLayout(block);
    long blocks = new XattrCheck(check, inode).run(block);
    long tree = 0;
    switch (InodeBlock.layout(block)) {
      case InodeBlock.LAYOUT_DIRECTORY -> {
        if (inode.isDirectory()) {
          tree = new DirectoryCheck(check, inode, follower).run(block, blocks);
        }
      }
      case InodeBlock.LAYOUT_EXTENTS -> {
        ExtentCheck extents = new ExtentCheck(check, inode);
        tree = extents.run(block, blocks);
        content.size(extents.writtenEnd());
      }
      case InodeBlock.LAYOUT_INLINE -> content.inline();
      default -> {} // nothing
    }
    if (inode.type() == InodeInfo.SYMLINK) {
      content.target();
    }
    long found = InodeBlock.blocks(block);
    if (tree >= 0
        && found != blocks + tree
        && check.report.fix(
            Problem.INODE_BLOCKS_WRONG, inode.number, inode.path(), found, blocks + tree)) {
      InodeBlock.blocks(block, blocks + tree);
    }
    if (!block.equals(before)) {
      check.store.write(block);
    }
  }

  /** Follows a name of the tree below the root. */
  private DirectoryCheck.Entry follow(DirectoryCheck directory, DirectoryCheck.Entry entry)
      throws IOException {
    if (isApart(entry.inode())) {
      return directory.fix(Problem.DIRECTORY_LINKED_TWICE, entry, entry.inode()) ? null : entry;
    }
    InodeInfo target = find(entry.inode(), directory.directory(), entry.name());
    if (target == null) {
      return directory.fix(Problem.ENTRY_DANGLING, entry, entry.inode(), reason) ? null : entry;
    }
    if (target.isDirectory() && target.isNamed()) {
      return directory.fix(Problem.DIRECTORY_LINKED_TWICE, entry, target.number) ? null : entry;
    }
    DirectoryCheck.Entry kept = withType(directory, entry, target);
    target.addName();
    if (target.isDirectory()) {
      target.parent(directory.directory().number);
      directory.directory().addSubdirectory();
    }
    return kept;
  }

  /** The entry with the type of what it leads to. */
  static DirectoryCheck.Entry withType(
      DirectoryCheck directory, DirectoryCheck.Entry entry, InodeInfo target) {
    int type = DirectoryEntry.typeOf(target.type());
    return entry.type() != type && directory.fix(Problem.ENTRY_TYPE_WRONG, entry)
        ? new DirectoryCheck.Entry(entry.cookie(), entry.inode(), type, entry.name())
        : entry;
  }

  /** Whether a directory is the root or one of those that no name may lead to. */
  private boolean isApart(long number) throws IOException {
    if (number == check.rootInode()) {
      return true;
    }
    for (long orphans : check.orphanDirectories) {
      if (number == orphans) {
        ByteBuffer block = probe(number);
        return block != null
            && (InodeBlock.mode(block) & InodeInfo.TYPE_MASK) == InodeInfo.DIRECTORY
            && InodeBlock.parent(block) == number;
      }
    }
    return false;
  }
}
