package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.format.XattrBlock;

/** Builds a directory anew from its names. */
final class DirectoryBuilder {
  private static final Comparator<DirectoryCheck.Entry> BY_COOKIE =
      Comparator.comparingLong(DirectoryCheck.Entry::cookie);

  private static final int LONGEST_CHAIN = 131_072;

  private final Check check;
  private final long number;

  DirectoryBuilder(Check check, long number) {
    this.check = check;
    this.number = number;
  }

  /** Builds, and frees the blocks of the old tree. */
  void rebuild(List<DirectoryCheck.Entry> entries, LongSet oldNodes) throws IOException {
    List<DirectoryCheck.Entry> sorted = sorted(entries);
    ByteBuffer block = check.store.readChecked(number, InodeBlock.MAGIC).block();
    int nodes = new TreeBuilder(check, number, DirectoryEntry.MAGIC).build(block, sorted);
    InodeBlock.blocks(block, nodes + xattrBlocks(block));
    InodeBlock.size(block, (long) BlockHeader.BLOCK_SIZE * Math.max(1, nodes));
    InodeBlock.entries(block, sorted.size());
    check.store.write(block);
    for (int i = 0; i < oldNodes.size(); i++) {
      check.free(oldNodes.get(i));
    }
  }

  /** A cookie that is right stays for life; the other entries find their place around these. */
  private List<DirectoryCheck.Entry> sorted(List<DirectoryCheck.Entry> entries) {
    List<DirectoryCheck.Entry> all = new ArrayList<>(entries);
    all.sort(BY_COOKIE);
    List<DirectoryCheck.Entry> moved = new ArrayList<>();
    List<DirectoryCheck.Entry> sorted = new ArrayList<>(all.size());
    long last = -1;
    for (DirectoryCheck.Entry entry : all) {
      boolean right = NameHash.matches(entry.cookie(), check.hash.hash(entry.name()));
      if (right && entry.cookie() != last) {
        sorted.add(entry);
        last = entry.cookie();
      } else {
        moved.add(entry);
      }
    }
    if (!moved.isEmpty()) {
      LongSet taken = new LongSet();
      sorted.forEach(entry -> taken.add(entry.cookie()));
      for (DirectoryCheck.Entry entry : moved) {
        sorted.add(entry.withCookie(freeCookie(taken, entry)));
      }
      sorted.sort(BY_COOKIE);
    }
    return sorted;
  }

  /** The lowest cookie of an entry's name that is not taken, which it is from now on. */
  private long freeCookie(LongSet taken, DirectoryCheck.Entry entry) {
    long hash = check.hash.hash(entry.name());
    for (int n = 0; n <= NameHash.MAX_COLLISION; n++) {
      if (taken.add(NameHash.cookie(hash, n))) {
        return NameHash.cookie(hash, n);
      }
    }
    throw new IllegalStateException("directory " + number + ": no cookie is left for a name");
  }

  private long xattrBlocks(ByteBuffer inodeBlock) throws IOException {
    long blocks = 0;
    for (long at = InodeBlock.xattrBlock(inodeBlock); at != 0 && blocks < LONGEST_CHAIN; blocks++) {
      at = XattrBlock.next(check.store.read(at));
    }
    return blocks;
  }
}
