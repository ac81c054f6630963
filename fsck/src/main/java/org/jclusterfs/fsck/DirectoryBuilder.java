package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;

/** Builds a directory anew from its names. */
final class DirectoryBuilder {
  private final Check check;
  private final long number;

  DirectoryBuilder(Check check, long number) {
    this.check = check;
    this.number = number;
  }

  /** Builds, and frees the blocks of the old tree. */
  void rebuild(List<DirectoryCheck.Entry> entries, Collection<Long> oldNodes) throws IOException {
    Map<Long, DirectoryCheck.Entry> sorted = new TreeMap<>();
    // A cookie that is right stays for life; the others find their place around these.
    List<DirectoryCheck.Entry> moved = new ArrayList<>();
    for (DirectoryCheck.Entry entry : entries) {
      boolean right = NameHash.matches(entry.cookie(), check.hash.hash(entry.name()));
      if (!right || sorted.putIfAbsent(entry.cookie(), entry) != null) {
        moved.add(entry);
      }
    }
    for (DirectoryCheck.Entry entry : moved) {
      sorted.put(freeCookie(sorted, entry), entry);
    }
    List<TreeBuilder.Item> items = new ArrayList<>();
    sorted.forEach((cookie, entry) -> items.add(item(cookie, entry)));
    ByteBuffer block = check.store.readChecked(number, InodeBlock.MAGIC).block();
    int nodes = new TreeBuilder(check, number, DirectoryEntry.MAGIC).build(block, items);
    InodeBlock.blocks(block, nodes + xattrBlocks(block));
    InodeBlock.size(block, (long) BlockHeader.BLOCK_SIZE * Math.max(1, nodes));
    InodeBlock.entries(block, items.size());
    check.store.write(block);
    for (long node : oldNodes) {
      check.free(node);
    }
  }

  private long freeCookie(Map<Long, DirectoryCheck.Entry> taken, DirectoryCheck.Entry entry) {
    long hash = check.hash.hash(entry.name());
    for (int n = 0; n <= NameHash.MAX_COLLISION; n++) {
      if (!taken.containsKey(NameHash.cookie(hash, n))) {
        return NameHash.cookie(hash, n);
      }
    }
    throw new IllegalStateException("directory " + number + ": no cookie is left for a name");
  }

  private static TreeBuilder.Item item(long cookie, DirectoryCheck.Entry entry) {
    ByteBuffer bytes =
        ByteBuffer.allocate(DirectoryEntry.length(entry.name().length))
            .order(ByteOrder.LITTLE_ENDIAN);
    DirectoryEntry.cookie(bytes, 0, cookie);
    DirectoryEntry.inode(bytes, 0, entry.inode());
    DirectoryEntry.type(bytes, 0, entry.type());
    DirectoryEntry.name(bytes, 0, entry.name());
    return new TreeBuilder.Item(cookie, bytes.array());
  }

  private long xattrBlocks(ByteBuffer inodeBlock) throws IOException {
    long blocks = 0;
    for (long at = InodeBlock.xattrBlock(inodeBlock); at != 0; blocks++) {
      at = org.jclusterfs.core.format.XattrBlock.next(check.store.read(at));
    }
    return blocks;
  }
}
