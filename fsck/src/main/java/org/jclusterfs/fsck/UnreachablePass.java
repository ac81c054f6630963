package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;

/** Finds inodes that no name leads to, and gives them one in lost+found. */
final class UnreachablePass {
  private final Check check;
  private final InodePass inodes;
  private final RootPass roots;
  private final List<DirectoryCheck.Entry> found = new ArrayList<>();

  UnreachablePass(Check check, InodePass inodes, RootPass roots) {
    this.check = check;
    this.inodes = inodes;
    this.roots = roots;
  }

  void run() throws IOException {
    InodeInfo lostFound = roots.lostFound();
    boolean made = lostFound != null && lostFound.names == 0;
    List<Long> candidates = candidates();
    Set<Long> children = childrenOf(candidates);
    for (long candidate : candidates) {
      if (!children.contains(candidate)) {
        connect(candidate, lostFound);
      }
    }
    for (long candidate : candidates) {
      connect(candidate, lostFound); // what is left is a ring of directories
    }
    if (lostFound != null && !found.isEmpty()) {
      check.rebuilds.add(() -> add(lostFound, found));
    }
    if (made) {
      nameInRoot(lostFound);
    }
  }

  private List<Long> candidates() throws IOException {
    List<Long> candidates = new ArrayList<>();
    for (long group = 0; group < check.geometry.groupCount(); group++) {
      for (int i = 0; i < check.geometry.groupBitmapBlocks(); i++) {
        BlockStore.Checked bitmap = check.diskBitmap(group, i);
        if (!bitmap.good() || BitmapBlock.count(bitmap.block(), BitmapBlock.INODE) > 0) {
          addCandidates(candidates, group, i, bitmap);
        }
      }
    }
    return candidates;
  }

  private void addCandidates(
      List<Long> candidates, long group, int index, BlockStore.Checked bitmap) throws IOException {
    long first = check.geometry.groupStart(group) + (long) index * BitmapBlock.BLOCKS;
    for (int i = 0; i < BitmapBlock.BLOCKS; i++) {
      boolean maybe = !bitmap.good() || BitmapBlock.state(bitmap.block(), i) == BitmapBlock.INODE;
      long block = first + i;
      if (maybe
          && check.geometry.isAllocatable(block)
          && check.geometry.groupOf(block) == group
          && check.map.isFree(block)
          && !check.map.isReleased(block)) {
        ByteBuffer inode = inodes.probe(block);
        if (inode != null && InodeBlock.linkCount(inode) != 0) {
          candidates.add(block);
        }
      }
    }
  }

  private Set<Long> childrenOf(List<Long> candidates) throws IOException {
    Set<Long> children = new HashSet<>();
    for (long candidate : candidates) {
      ByteBuffer block = inodes.probe(candidate);
      if (InodeBlock.layout(block) == InodeBlock.LAYOUT_DIRECTORY) {
        InodeInfo directory =
            new InodeInfo(candidate, "?", InodeBlock.mode(block), InodeBlock.linkCount(block));
        for (DirectoryCheck.Entry entry : DirectoryCheck.peek(check, directory, block)) {
          if (entry.inode() != candidate) {
            children.add(entry.inode());
          }
        }
      }
    }
    return children;
  }

  private void connect(long number, InodeInfo lostFound) throws IOException {
    if (check.inodes.containsKey(number) || !check.map.isFree(number)) {
      return;
    }
    boolean fix = check.report.fix(Problem.INODE_UNREACHABLE, number) && lostFound != null;
    // Walked in any case: what it leads to is not unreachable for a reason of its own.
    InodeInfo inode = inodes.find(number, "/lost+found/#" + number);
    if (fix) {
      inode.names++;
      if (inode.isDirectory()) {
        inode.parent = lostFound.number;
        lostFound.subdirectories++;
      }
      byte[] name = ("#" + number).getBytes(StandardCharsets.US_ASCII);
      found.add(
          new DirectoryCheck.Entry(
              check.hash.cookie(name), number, DirectoryEntry.typeOf(inode.mode), name));
    } else {
      inode.system = true;
      inode.parent = InodeBlock.parent(inodes.probe(number));
    }
    inodes.walk();
  }

  private void nameInRoot(InodeInfo lostFound) {
    InodeInfo root = check.inodes.get(check.rootInode());
    if (root != null) {
      byte[] name = "lost+found".getBytes(StandardCharsets.US_ASCII);
      lostFound.names++;
      root.subdirectories++;
      DirectoryCheck.Entry entry =
          new DirectoryCheck.Entry(
              check.hash.cookie(name), lostFound.number, DirectoryEntry.DT_DIR, name);
      check.rebuilds.add(() -> add(root, List.of(entry)));
    }
  }

  /** Adds names to a directory as it is when the rebuilds run. */
  private void add(InodeInfo directory, List<DirectoryCheck.Entry> more) throws IOException {
    ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
    List<Long> nodes = new ArrayList<>();
    List<DirectoryCheck.Entry> entries =
        new ArrayList<>(DirectoryCheck.reread(check, directory, block, nodes));
    for (DirectoryCheck.Entry entry : more) {
      entries.removeIf(other -> java.util.Arrays.equals(other.name(), entry.name()));
      entries.add(entry);
    }
    new DirectoryBuilder(check, directory.number).rebuild(entries, nodes);
  }
}
