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
  private final BlockSet candidates = new BlockSet();
  private final BlockSet children = new BlockSet();
  private final LongSet found = new LongSet();
  private InodeInfo lostFound;
  private boolean lookedFor;

  UnreachablePass(Check check, InodePass inodes, RootPass roots) {
    this.check = check;
    this.inodes = inodes;
    this.roots = roots;
  }

  void run() throws IOException {
    findCandidates();
    candidates.forEach(this::addChildren);
    candidates.forEach(
        candidate -> {
          if (!children.contains(candidate)) {
            connect(candidate);
          }
        });
    candidates.forEach(this::connect); // what is left is a ring of directories
    if (!found.isEmpty()) {
      check.rebuilds.add(this::addFound);
    }
  }

  private void findCandidates() throws IOException {
    for (long group = 0; group < check.geometry.groupCount(); group++) {
      for (int i = 0; i < check.geometry.groupBitmapBlocks(); i++) {
        BlockStore.Checked bitmap = check.diskBitmap(group, i);
        if (!bitmap.good() || BitmapBlock.count(bitmap.block(), BitmapBlock.INODE) > 0) {
          findCandidates(group, i, bitmap);
        }
      }
    }
  }

  private void findCandidates(long group, int index, BlockStore.Checked bitmap) throws IOException {
    long first = check.geometry.groupStart(group) + (long) index * BitmapBlock.BLOCKS;
    for (int i = 0; i < BitmapBlock.BLOCKS; i++) {
      boolean maybe = !bitmap.good() || BitmapBlock.state(bitmap.block(), i) == BitmapBlock.INODE;
      long block = first + i;
      if (maybe
          && check.geometry.isAllocatable(block)
          && check.geometry.groupOf(block) == group
          && check.map.isFree(block)) {
        ByteBuffer inode = inodes.probe(block);
        if (inode != null && InodeBlock.linkCount(inode) != 0) {
          candidates.add(block);
        }
      }
    }
  }

  private void addChildren(long candidate) throws IOException {
    ByteBuffer block = inodes.probe(candidate);
    if (block != null && InodeBlock.layout(block) == InodeBlock.LAYOUT_DIRECTORY) {
      DirectoryNames.peek(
          check,
          candidate,
          block,
          entry -> {
            if (entry.inode() != candidate && check.geometry.isAllocatable(entry.inode())) {
              children.add(entry.inode());
            }
          });
    }
  }

  private void connect(long number) throws IOException {
    if (check.inodes.contains(number) || !check.map.isFree(number)) {
      return;
    }
    if (!lookedFor) {
      lookedFor = true;
      lostFound = roots.lostFound();
    }
    boolean fix = false;
    if (lostFound == null) {
      check.report.leave(Problem.INODE_UNREACHABLE, "there is no lost+found for it", number);
    } else {
      fix = check.report.fix(Problem.INODE_UNREACHABLE, number);
    }
    // Walked in any case: what it leads to is not unreachable for a reason of its own.
    InodeInfo inode = inodes.find(number, fix ? lostFound : null, nameOf(number));
    if (fix) {
      inode.addName();
      if (inode.isDirectory()) {
        lostFound.addSubdirectory();
      }
      found.add(number);
    } else {
      inode.system();
      inode.parent(InodeBlock.parent(inodes.probe(number)));
    }
    inodes.walk();
  }

  private static byte[] nameOf(long number) {
    return ("#" + number).getBytes(StandardCharsets.US_ASCII);
  }

  private void addFound() throws IOException {
    List<DirectoryCheck.Entry> more = new ArrayList<>(found.size());
    int directories = 0;
    for (int i = 0; i < found.size(); i++) {
      InodeInfo inode = new InodeInfo(check, found.get(i), null, null);
      directories += inode.isDirectory() ? 1 : 0;
      byte[] name = nameOf(inode.number);
      more.add(
          new DirectoryCheck.Entry(
              check.hash.cookie(name), inode.number, DirectoryEntry.typeOf(inode.type()), name));
    }
    add(check, lostFound, more, directories);
  }

  /**
   * Adds names to a directory as it is when the rebuilds run.
   *
   * @param directories how many of the names are those of directories: the link count rises by them
   */
  static void add(
      Check check, InodeInfo directory, List<DirectoryCheck.Entry> more, int directories)
      throws IOException {
    ByteBuffer block = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
    List<DirectoryCheck.Entry> entries = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    LongSet nodes =
        DirectoryNames.peek(
            check,
            directory.number,
            block,
            entry -> {
              entries.add(entry);
              taken.add(new String(entry.name(), StandardCharsets.ISO_8859_1));
            });
    for (DirectoryCheck.Entry entry : more) {
      byte[] name = entry.name();
      if (taken.contains(new String(name, StandardCharsets.ISO_8859_1))) {
        name = DirectoryCheck.freeName(name, taken);
      }
      taken.add(new String(name, StandardCharsets.ISO_8859_1));
      entries.add(
          new DirectoryCheck.Entry(check.hash.cookie(name), entry.inode(), entry.type(), name));
    }
    new DirectoryBuilder(check, directory.number).rebuild(entries, nodes);
    if (directories > 0) {
      ByteBuffer built = check.store.readChecked(directory.number, InodeBlock.MAGIC).block();
      InodeBlock.linkCount(built, InodeBlock.linkCount(built) + directories);
      check.store.write(built);
      directory.linkCount(directory.linkCount() + directories);
    }
  }
}
