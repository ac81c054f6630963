package org.jclusterfs.fsck;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.XattrBlock;

/** Checks the chain of xattr blocks of one inode and the stream in it. */
final class XattrCheck {
  private static final int ENTRY_HEADER = 8;

  private final Check check;

  XattrCheck(Check check) {
    this.check = check;
  }

  /**
   * Checks, and drops the attributes in {@code inodeBlock} where that is the repair.
   *
   * @return blocks of the chain that stay
   */
  long run(InodeInfo inode, ByteBuffer inodeBlock) throws IOException {
    long first = InodeBlock.xattrBlock(inodeBlock);
    List<Long> chain = new ArrayList<>();
    if (read(inode, first, InodeBlock.xattrBytes(inodeBlock), chain)) {
      return chain.size();
    }
    if (!check.report.fix(Problem.XATTR_DAMAGED, inode.number, inode.path)) {
      return chain.size();
    }
    for (long block : chain) {
      check.free(block);
    }
    InodeBlock.xattrBlock(inodeBlock, 0);
    InodeBlock.xattrBytes(inodeBlock, 0);
    return 0;
  }

  private boolean read(InodeInfo inode, long first, int length, List<Long> chain)
      throws IOException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    for (long address = first; address != 0; ) {
      if (!check.geometry.isAllocatable(address) || !check.map.isFree(address)) {
        return false;
      }
      BlockStore.Checked read = check.store.readChecked(address, XattrBlock.MAGIC);
      if (!read.good() || BlockHeader.owner(read.block()) != inode.number) {
        return false;
      }
      check.map.set(address, BitmapBlock.METADATA);
      chain.add(address);
      int here = XattrBlock.length(read.block());
      if (here < 0 || here > XattrBlock.STREAM_LENGTH) {
        return false;
      }
      byte[] part = new byte[here];
      read.block().get(XattrBlock.STREAM_OFFSET, part);
      stream.writeBytes(part);
      address = XattrBlock.next(read.block());
    }
    return stream.size() == length && parses(stream.toByteArray());
  }

  private static boolean parses(byte[] stream) {
    ByteBuffer buffer = ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at < stream.length) {
      if (stream.length - at < ENTRY_HEADER) {
        return false;
      }
      int name = Byte.toUnsignedInt(buffer.get(at));
      int value = buffer.getShort(at + 2) & 0xffff | buffer.getShort(at + 4) << 16;
      long end = (long) at + ENTRY_HEADER + name + value;
      if (name == 0 || value < 0 || end > stream.length) {
        return false;
      }
      at = (int) (end + 7 & ~7);
    }
    return true;
  }
}
