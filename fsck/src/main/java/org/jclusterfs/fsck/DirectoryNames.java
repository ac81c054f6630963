package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.NodeHeader;

/** Reads the names of a directory leaf by leaf, without judging them. */
final class DirectoryNames {

  /** Sees names in the order in which they stand. */
  interface Visitor {
    void entry(DirectoryCheck.Entry entry) throws IOException;
  }

  private DirectoryNames() {}

  /**
   * Shows the entries of a leaf.
   *
   * @return why they cannot be parsed to their end, to follow "block N …"; null where they can
   */
  static String leaf(ByteBuffer block, int base, Visitor visitor) throws IOException {
    int at = base + NodeHeader.LENGTH;
    int used = NodeHeader.used(block, base);
    int count = NodeHeader.count(block, base);
    if (used < 0 || used > NodeHeader.capacity(base)) {
      return "has " + used + " bytes of entries";
    }
    int end = at + used;
    for (int i = 0; i < count; i++) {
      if (at + DirectoryEntry.NAME_OFFSET > end || at + DirectoryEntry.length(block, at) > end) {
        return "has an entry that does not fit, behind " + i + " good ones";
      }
      visitor.entry(
          new DirectoryCheck.Entry(
              DirectoryEntry.cookie(block, at),
              DirectoryEntry.inode(block, at),
              DirectoryEntry.type(block, at),
              DirectoryEntry.name(block, at)));
      at += DirectoryEntry.length(block, at);
    }
    return at == end ? null : "has bytes behind its " + count + " entries";
  }

  /**
   * Shows the names of a directory as far as they can be read, without a claim or a report.
   *
   * @return the blocks of its tree
   */
  static LongSet peek(Check check, long directory, ByteBuffer inodeBlock, Visitor visitor)
      throws IOException {
    InodeInfo inode = new InodeInfo(check, directory, null, null);
    TreeReader reader =
        new TreeReader(
            check,
            inode,
            DirectoryEntry.MAGIC,
            (block, base, lower, upper) -> leaf(block, base, visitor));
    reader.claimed = true;
    reader.silent = true;
    reader.read(inodeBlock);
    return reader.nodes;
  }
}
