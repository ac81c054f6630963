package org.jclusterfs.fsck;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.XattrBlock;
import org.jclusterfs.core.xattr.XattrStore;

/**
 * Checks the chain of xattr blocks of one inode and the stream in it. What is wrong is repaired by
 * writing the attributes that stay into the blocks of the chain that are good.
 */
final class XattrCheck {
  private static final int ENTRY_HEADER = 8;

  /** As many blocks as the longest stream can have: one byte in each. */
  private static final int LONGEST_CHAIN = XattrStore.MAX_STREAM_LENGTH;

  private static final String USER = "user.";

  private final Check check;
  private final InodeInfo inode;
  private final LongSet chain = new LongSet();
  private final ByteArrayOutputStream stream = new ByteArrayOutputStream();

  // By name in ISO 8859-1, which keeps every byte.
  private final Map<String, byte[]> attributes = new LinkedHashMap<>();
  private boolean rewrite;

  XattrCheck(Check check, InodeInfo inode) {
    this.check = check;
    this.inode = inode;
  }

  /**
   * Checks, and corrects the fields of {@code inodeBlock}.
   *
   * @return blocks of the chain that stay
   */
  long run(ByteBuffer inodeBlock) throws IOException {
    long first = InodeBlock.xattrBlock(inodeBlock);
    int length = InodeBlock.xattrBytes(inodeBlock);
    if (first == 0 && length == 0) {
      return 0;
    }
    String broken = read(first);
    if (broken == null && stream.size() != length) {
      broken = String.format(Locale.ROOT, "have %d bytes instead of %d", stream.size(), length);
    }
    if (broken == null && length > XattrStore.MAX_STREAM_LENGTH) {
      broken = "are longer than attributes may be";
    }
    String unparsed = parse(stream.toByteArray());
    broken = broken == null ? unparsed : broken;
    if (broken != null) {
      rewrite |= check.report.fix(Problem.XATTR_DAMAGED, inode.number, inode.path(), broken);
    }
    if (rewrite) {
      write(inodeBlock);
      return Math.max(blocksFor(InodeBlock.xattrBytes(inodeBlock)), 0);
    }
    return chain.size();
  }

  /** Claims the chain, and reads it as far as it is good; says what ends it too early. */
  private String read(long first) throws IOException {
    for (long address = first; address != 0; ) {
      if (!check.geometry.isAllocatable(address)
          || !check.map.isFree(address)
          || chain.size() == LONGEST_CHAIN) {
        return "lead to block " + address + ", which cannot be theirs";
      }
      BlockStore.Checked read = check.store.readChecked(address, XattrBlock.MAGIC);
      if (!read.good()) {
        return "are in block " + address + ", which " + read.text();
      }
      ByteBuffer block = read.block();
      if (BlockHeader.owner(block) != inode.number) {
        return "lead to block " + address + ", which belongs to inode " + BlockHeader.owner(block);
      }
      check.map.set(address, BitmapBlock.METADATA);
      chain.add(address);
      if (new HeaderFields(check).check(block, inode)) {
        check.store.write(block);
      }
      int here = XattrBlock.length(block);
      if (here <= 0 || here > XattrBlock.STREAM_LENGTH) {
        return "are in block " + address + " with " + here + " bytes";
      }
      byte[] part = new byte[here];
      block.get(XattrBlock.STREAM_OFFSET, part);
      stream.writeBytes(part);
      address = XattrBlock.next(block);
    }
    return null;
  }

  /** Takes the stream apart as far as that goes; says what ends it too early. */
  private String parse(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at < bytes.length) {
      int room = bytes.length - at - ENTRY_HEADER;
      int nameLength = Byte.toUnsignedInt(buffer.get(at));
      int valueLength = room < 0 ? -1 : buffer.getInt(at + 2);
      if (nameLength == 0 || valueLength < 0 || valueLength > room - nameLength) {
        return "do not fit at byte " + at + " of their stream";
      }
      int value = at + ENTRY_HEADER + nameLength;
      String name = new String(bytes, at + ENTRY_HEADER, nameLength, StandardCharsets.ISO_8859_1);
      judge(name, Arrays.copyOfRange(bytes, value, value + valueLength));
      at = value + valueLength + 7 & ~7;
    }
    return at == bytes.length ? null : "end in the middle of the last one";
  }

  private void judge(String found, byte[] value) {
    String name = found;
    boolean known = XattrStore.isKnown(found.getBytes(StandardCharsets.ISO_8859_1));
    if ((!known || found.indexOf(0) >= 0)
        && fix(Problem.XATTR_NAME_WRONG, found, "is of no known namespace")) {
      name = inUserNamespace(found);
    }
    if (value.length > XattrStore.MAX_VALUE_LENGTH
        && fix(Problem.XATTR_WRONG, found, "is longer than 65536 bytes")) {
      return;
    }
    if (attributes.containsKey(name) && fix(Problem.XATTR_WRONG, found, "is there twice")) {
      return; // a reader finds the first one
    }
    attributes.putIfAbsent(name, value);
  }

  private boolean fix(Problem problem, String name, String what) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    boolean fix =
        check.report.fix(
            problem,
            inode.number,
            inode.path(),
            new String(bytes, StandardCharsets.UTF_8).replace('\0', '?'),
            what);
    rewrite |= fix;
    return fix;
  }

  private String inUserNamespace(String found) {
    String wanted = USER + found.replace('\0', '?');
    String cut = wanted.substring(0, Math.min(wanted.length(), XattrStore.MAX_NAME_LENGTH));
    if (!attributes.containsKey(cut)) {
      return cut;
    }
    Set<String> taken = new HashSet<>(attributes.keySet());
    byte[] free = DirectoryCheck.freeName(cut.getBytes(StandardCharsets.ISO_8859_1), taken);
    return new String(free, StandardCharsets.ISO_8859_1);
  }

  private static int blocksFor(int bytes) {
    return (bytes + XattrBlock.STREAM_LENGTH - 1) / XattrBlock.STREAM_LENGTH;
  }

  /** Writes the attributes that stay over the chain, and frees what is left of it. */
  private void write(ByteBuffer inodeBlock) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Map.Entry<String, byte[]> attribute : attributes.entrySet()) {
      byte[] bytes = bytes(attribute.getKey(), attribute.getValue());
      int room = Math.min(XattrStore.MAX_STREAM_LENGTH, chain.size() * XattrBlock.STREAM_LENGTH);
      if (all.size() + bytes.length <= room) {
        all.writeBytes(bytes);
      }
    }
    byte[] bytes = all.toByteArray();
    int count = blocksFor(bytes.length);
    for (int i = 0; i < chain.size(); i++) {
      if (i >= count) {
        check.free(chain.get(i));
        continue;
      }
      ByteBuffer block = check.store.readChecked(chain.get(i), XattrBlock.MAGIC).block();
      int from = i * XattrBlock.STREAM_LENGTH;
      int length = Math.min(XattrBlock.STREAM_LENGTH, bytes.length - from);
      XattrBlock.next(block, i + 1 < count ? chain.get(i + 1) : 0);
      XattrBlock.length(block, length);
      block.put(XattrBlock.STREAM_OFFSET, new byte[XattrBlock.STREAM_LENGTH]);
      block.put(XattrBlock.STREAM_OFFSET, bytes, from, length);
      check.store.write(block);
    }
    InodeBlock.xattrBlock(inodeBlock, count == 0 ? 0 : chain.get(0));
    InodeBlock.xattrBytes(inodeBlock, bytes.length);
  }

  private static byte[] bytes(String name, byte[] value) {
    int length = ENTRY_HEADER + name.length() + value.length + 7 & ~7;
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(0, (byte) name.length());
    bytes.putInt(2, value.length);
    bytes.put(ENTRY_HEADER, name.getBytes(StandardCharsets.ISO_8859_1));
    bytes.put(ENTRY_HEADER + name.length(), value);
    return bytes.array();
  }
}
