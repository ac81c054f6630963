package org.jclusterfs.core.xattr;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.XattrBlock;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;

/**
 * The chain of an inode's xattr blocks and the stream in it, read and checked.
 *
 * @param blocks in the order of the chain
 * @param stream all attributes
 */
record XattrChain(List<MetaBlock> blocks, byte[] stream) {

  static XattrChain read(MetaBlock inode, LockScope scope, MetaStore store) throws IOException {
    long next = InodeBlock.xattrBlock(inode.buffer());
    int bytes = InodeBlock.xattrBytes(inode.buffer());
    if (bytes < 0 || bytes > XattrStore.MAX_STREAM_LENGTH) {
      throw new DamagedBlockException(inode.address(), "xattr stream of " + bytes + " bytes");
    }
    byte[] stream = new byte[bytes];
    List<MetaBlock> blocks = new ArrayList<>();
    int at = 0;
    // Each block adds at least a byte, so a chain that bites its tail ends too.
    while (next != 0) {
      if (next < 0 || next > Long.MAX_VALUE / MetaStore.BLOCK_SIZE) {
        throw new DamagedBlockException(inode.address(), "xattr block at " + next);
      }
      MetaBlock block = store.read(scope, next, XattrBlock.MAGIC);
      int length = XattrBlock.length(block.buffer());
      if (BlockHeader.owner(block.buffer()) != inode.address()) {
        throw new DamagedBlockException(
            next,
            "xattr block of inode "
                + BlockHeader.owner(block.buffer())
                + " at inode "
                + inode.address());
      }
      if (length <= 0 || length > XattrBlock.STREAM_LENGTH || length > bytes - at) {
        throw new DamagedBlockException(next, "xattr block with " + length + " bytes");
      }
      block.buffer().get(XattrBlock.STREAM_OFFSET, stream, at, length);
      at += length;
      blocks.add(block);
      next = XattrBlock.next(block.buffer());
    }
    if (at != bytes) {
      throw new DamagedBlockException(
          inode.address(), "xattr chain ends after " + at + " of " + bytes + " bytes");
    }
    return new XattrChain(blocks, stream);
  }

  List<Attribute> attributes(long inode) throws DamagedBlockException {
    return Attribute.parse(stream, inode);
  }
}
