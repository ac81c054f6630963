package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.format.NodeHeader;

/** Checks the tree and the names of one directory, and finds what they lead to. */
final class DirectoryCheck {

  /** A name as a leaf holds it. */
  record Entry(long cookie, long inode, int type, byte[] name) {
    String text() {
      return new String(name, StandardCharsets.UTF_8);
    }
  }

  private final Check check;
  private final InodePass inodes;
  private final InodeInfo directory;
  private final TreeReader tree;
  private final List<Entry> entries = new ArrayList<>();
  private final List<Entry> kept = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private boolean disordered;
  private boolean rebuild;

  DirectoryCheck(Check check, InodePass inodes, InodeInfo directory) {
    this.check = check;
    this.inodes = inodes;
    this.directory = directory;
    this.tree = new TreeReader(check, directory, DirectoryEntry.MAGIC, this::leaf);
  }

  /**
   * Checks, and corrects the counters in {@code inodeBlock}.
   *
   * @param otherBlocks blocks of the inode beside its tree
   * @return blocks of the tree, or −1 where it will be built anew and counted then
   */
  long run(ByteBuffer inodeBlock, long otherBlocks) throws IOException {
    tree.read(inodeBlock);
    if (disordered
        && check.report.fix(Problem.DIRECTORY_ORDER_WRONG, directory.number, directory.path)) {
      rebuild = true;
    }
    for (Entry entry : entries) {
      check(entry);
    }
    checkParent(inodeBlock);
    if (rebuild || tree.rebuild) {
      check.rebuilds.add(
          () -> new DirectoryBuilder(check, directory.number).rebuild(kept, tree.nodes));
      return -1;
    }
    long size = (long) BlockHeader.BLOCK_SIZE * Math.max(1, tree.nodes.size());
    if (!tree.damaged
        && InodeBlock.size(inodeBlock) != size
        && check.report.fix(
            Problem.DIRECTORY_SIZE_WRONG,
            directory.number,
            directory.path,
            InodeBlock.size(inodeBlock),
            size)) {
      InodeBlock.size(inodeBlock, size);
    }
    long count = InodeBlock.entries(inodeBlock);
    if (!tree.damaged
        && count != entries.size()
        && check.report.fix(
            Problem.ENTRY_COUNT_WRONG, directory.number, directory.path, count, entries.size())) {
      InodeBlock.entries(inodeBlock, entries.size());
    }
    return tree.nodes.size();
  }

  /** Reads the names of a directory without judging them; its nodes are claimed and listed. */
  static List<Entry> read(Check check, InodeInfo directory, ByteBuffer inodeBlock, List<Long> nodes)
      throws IOException {
    DirectoryCheck reader = new DirectoryCheck(check, null, directory);
    reader.tree.read(inodeBlock);
    nodes.addAll(reader.tree.nodes);
    return reader.entries;
  }

  /** As {@link #read}, for a directory whose nodes are claimed already. */
  static List<Entry> reread(
      Check check, InodeInfo directory, ByteBuffer inodeBlock, List<Long> nodes)
      throws IOException {
    DirectoryCheck reader = new DirectoryCheck(check, null, directory);
    reader.tree.claimed = true;
    reader.tree.read(inodeBlock);
    nodes.addAll(reader.tree.nodes);
    return reader.entries;
  }

  /** The names of a directory as far as they can be read, without a claim or a report. */
  static List<Entry> peek(Check check, InodeInfo directory, ByteBuffer inodeBlock)
      throws IOException {
    DirectoryCheck reader = new DirectoryCheck(check, null, directory);
    reader.tree.claimed = true;
    reader.tree.silent = true;
    reader.tree.read(inodeBlock);
    return reader.entries;
  }

  private boolean leaf(ByteBuffer block, int base, long lower, long upper) {
    int at = base + NodeHeader.LENGTH;
    int used = NodeHeader.used(block, base);
    int count = NodeHeader.count(block, base);
    if (used < 0 || used > NodeHeader.capacity(base)) {
      return false;
    }
    int end = at + used;
    for (int i = 0; i < count; i++) {
      if (at + DirectoryEntry.NAME_OFFSET > end
          || DirectoryEntry.nameLength(block, at) == 0
          || at + DirectoryEntry.length(block, at) > end) {
        return false;
      }
      Entry entry =
          new Entry(
              DirectoryEntry.cookie(block, at),
              DirectoryEntry.inode(block, at),
              DirectoryEntry.type(block, at),
              DirectoryEntry.name(block, at));
      long last = entries.isEmpty() ? -1 : entries.get(entries.size() - 1).cookie();
      disordered |= entry.cookie() <= last || entry.cookie() < lower || entry.cookie() >= upper;
      entries.add(entry);
      at += DirectoryEntry.length(block, at);
    }
    return at == end;
  }

  private void check(Entry found) throws IOException {
    Entry entry = found;
    if (!valid(entry.name()) && fix(Problem.ENTRY_INVALID, entry)) {
      return;
    }
    if (!NameHash.matches(entry.cookie(), check.hash.hash(entry.name()))
        && fix(Problem.ENTRY_HASH_WRONG, entry)) {
      rebuild = true;
    }
    String key = new String(entry.name(), StandardCharsets.ISO_8859_1);
    if (!names.add(key) && fix(Problem.ENTRY_DUPLICATE, entry)) {
      entry = renamed(entry);
    }
    InodeInfo target = inodes.find(entry.inode(), path(entry));
    if (target == null) {
      if (!fix(Problem.ENTRY_DANGLING, entry, entry.inode(), inodes.reason())) {
        kept.add(entry);
      }
      return;
    }
    if (target.isDirectory() && (target.names > 0 || isRootOrSystem(target))) {
      if (!fix(Problem.DIRECTORY_LINKED_TWICE, entry, target.number)) {
        kept.add(entry);
      }
      return;
    }
    int type = DirectoryEntry.typeOf(target.mode);
    if (entry.type() != type && fix(Problem.ENTRY_TYPE_WRONG, entry)) {
      entry = new Entry(entry.cookie(), entry.inode(), type, entry.name());
    }
    target.names++;
    if (target.isDirectory()) {
      target.parent = directory.number;
      directory.subdirectories++;
    }
    kept.add(entry);
  }

  private boolean isRootOrSystem(InodeInfo target) {
    return target.number == check.rootInode() || target.system;
  }

  private boolean fix(Problem problem, Entry entry, Object... more) {
    Object[] arguments = new Object[3 + more.length];
    arguments[0] = directory.number;
    arguments[1] = directory.path;
    arguments[2] = entry.text();
    System.arraycopy(more, 0, arguments, 3, more.length);
    boolean fix = check.report.fix(problem, arguments);
    rebuild |= fix;
    return fix;
  }

  private Entry renamed(Entry entry) {
    for (int n = 1; ; n++) {
      byte[] suffix = ("~" + n).getBytes(StandardCharsets.US_ASCII);
      int length = Math.min(entry.name().length, DirectoryEntry.MAX_NAME_LENGTH - suffix.length);
      byte[] name = java.util.Arrays.copyOf(entry.name(), length + suffix.length);
      System.arraycopy(suffix, 0, name, length, suffix.length);
      if (names.add(new String(name, StandardCharsets.ISO_8859_1))) {
        return new Entry(check.hash.cookie(name), entry.inode(), entry.type(), name);
      }
    }
  }

  private String path(Entry entry) {
    return (directory.path.equals("/") ? "" : directory.path) + "/" + entry.text();
  }

  private void checkParent(ByteBuffer inodeBlock) {
    long parent = directory.parent == 0 ? directory.number : directory.parent;
    long found = InodeBlock.parent(inodeBlock);
    if (found != parent
        && check.report.fix(
            Problem.PARENT_WRONG, directory.number, directory.path, found, parent)) {
      InodeBlock.parent(inodeBlock, parent);
    }
  }

  private static boolean valid(byte[] name) {
    for (byte b : name) {
      if (b == 0 || b == '/') {
        return false;
      }
    }
    return !(name[0] == '.' && (name.length == 1 || name.length == 2 && name[1] == '.'));
  }
}
