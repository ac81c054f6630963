package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;

/** Checks the directories that the walk begins at, and makes those anew that are lost. */
final class RootPass {
  private static final String LOST_FOUND = "lost+found";

  private final Check check;
  private final InodePass inodes;

  RootPass(Check check, InodePass inodes) {
    this.check = check;
    this.inodes = inodes;
  }

  /** The root: queued, or null where it is damaged and stays so. */
  InodeInfo root() throws IOException {
    long number = check.rootInode();
    ByteBuffer block = inodes.probe(number);
    String reason = block == null ? inodes.reason() : "is not a directory";
    if (!isDirectory(block)) {
      if (!check.geometry.isAllocatable(number)
          || !check.report.fix(Problem.ROOT_DAMAGED, reason)) {
        return null;
      }
      writeDirectory(number, number, 0755);
    }
    return inodes.find(number, null, null);
  }

  /** The number of a slot's orphan directory, not claimed yet; 0 where there is none. */
  long orphanDirectory(int slot) throws IOException {
    long number = check.orphanDirectories[slot];
    ByteBuffer block = check.inodes.contains(number) ? null : inodes.probe(number);
    if (isDirectory(block) && InodeBlock.parent(block) == number) {
      return number;
    }
    if (!check.report.fix(Problem.ORPHAN_DIRECTORY_DAMAGED, slot)) {
      return 0;
    }
    boolean samePlace = check.geometry.isAllocatable(number) && check.map.isFree(number);
    if (!samePlace) {
      number = allocateInode();
    }
    writeDirectory(number, number, 0700);
    if (!samePlace) {
      nameOrphanDirectory(slot, number);
    }
    return number;
  }

  /** An inode's place before the walk: free by the bitmaps and without an inode in it. */
  private long allocateInode() throws IOException {
    long block = check.allocate(BitmapBlock.INODE);
    check.map.set(block, BitmapBlock.FREE);
    return block;
  }

  private void nameOrphanDirectory(int slot, long number) {
    check.orphanDirectories[slot] = number;
    check.afterClaim.add(() -> writeName(slot, number));
  }

  private void writeName(int slot, long number) throws IOException {
    check.forget();
    BlockStore.Checked read =
        check.store.readChecked(check.geometry.slotBlock(slot), SlotDescriptor.MAGIC);
    if (read.good()) {
      SlotDescriptor.orphanDirectory(read.block(), number);
      check.store.write(read.block());
    }
  }

  /**
   * Lost+found after the walk: the directory of that name in the root, made where it is missing.
   * Nobody has to have one, so this is called only when something is to go there.
   *
   * @return it, or null where it is missing and stays so
   */
  InodeInfo lostFound() throws IOException {
    Map<String, Long> inRoot = new HashMap<>();
    DirectoryNames.peek(
        check,
        check.rootInode(),
        check.store.readChecked(check.rootInode(), InodeBlock.MAGIC).block(),
        entry -> {
          if (entry.text().startsWith(LOST_FOUND)) {
            inRoot.put(entry.text(), entry.inode());
          }
        });
    // Somebody may have given the name to something else: then there is another one behind it.
    String name = LOST_FOUND;
    for (int n = 1; inRoot.containsKey(name); n++) {
      long number = inRoot.get(name);
      InodeInfo known = new InodeInfo(check, number, null, null);
      if (check.inodes.contains(number)
          && known.isDirectory()
          && known.parent() == check.rootInode()) {
        return known;
      }
      name = LOST_FOUND + "~" + n;
    }
    return check.report.fix(Problem.LOST_FOUND_MISSING) ? makeLostFound(name) : null;
  }

  private InodeInfo makeLostFound(String name) throws IOException {
    long number = check.allocate(BitmapBlock.INODE);
    writeDirectory(number, check.rootInode(), 0700);
    nameLostFound(number);
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    InodeInfo root = new InodeInfo(check, check.rootInode(), null, null);
    InodeInfo made = inodes.find(number, root, bytes);
    made.addName();
    inodes.walk();
    root.addSubdirectory();
    DirectoryCheck.Entry entry =
        new DirectoryCheck.Entry(check.hash.cookie(bytes), number, DirectoryEntry.DT_DIR, bytes);
    check.rebuilds.add(() -> UnreachablePass.add(check, root, List.of(entry), 1));
    return made;
  }

  private void nameLostFound(long number) throws IOException {
    Superblock.lostFoundInode(check.superblock, number);
    long[] backups = Geometry.of(check.superblock).backups();
    for (int i = -1; i < backups.length; i++) {
      long address = i < 0 ? Superblock.PRIMARY_ADDRESS : backups[i];
      BlockStore.Checked read = check.store.readChecked(address, Superblock.MAGIC);
      if (read.good()) {
        Superblock.lostFoundInode(read.block(), number);
        check.store.write(read.block());
      }
    }
  }

  private static boolean isDirectory(ByteBuffer block) {
    return block != null && (InodeBlock.mode(block) & InodeInfo.TYPE_MASK) == InodeInfo.DIRECTORY;
  }

  private void writeDirectory(long number, long parent, int permissions) throws IOException {
    ByteBuffer inode = check.newBlock(InodeBlock.MAGIC, number, number);
    long now = Instant.now().getEpochSecond();
    InodeBlock.generation(inode, BlockHeader.version(inode));
    InodeBlock.mode(inode, InodeInfo.DIRECTORY | permissions);
    InodeBlock.linkCount(inode, 2);
    InodeBlock.size(inode, BlockHeader.BLOCK_SIZE);
    InodeBlock.accessTime(inode, now);
    InodeBlock.modifyTime(inode, now);
    InodeBlock.changeTime(inode, now);
    InodeBlock.birthTime(inode, now);
    InodeBlock.layout(inode, InodeBlock.LAYOUT_DIRECTORY);
    InodeBlock.parent(inode, parent);
    NodeHeader.initialise(inode, NodeHeader.ROOT_BASE, 0);
    check.store.write(inode);
  }
}
