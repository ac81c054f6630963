package org.jclusterfs.core.xattr;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.XattrBlock;
import org.jclusterfs.core.inode.FreedNode;
import org.jclusterfs.core.inode.Removal;
import org.jclusterfs.core.inode.Run;
import org.jclusterfs.core.txn.DamagedBlockException;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;

/**
 * Puts another stream in the place of the one that a chain holds: in the same blocks as far as they
 * go, with new ones or without the last ones where the number changes. All blocks but the last are
 * full then; those that stay the same are not touched.
 */
final class XattrRewrite implements XattrStore.Change, Removal {
  private final MetaBlock inode;
  private final LockScope scope;
  private final MetaStore store;
  private final List<MetaBlock> blocks;
  private final byte[] stream;
  private final int count;
  private final List<FreedNode> freed = new ArrayList<>();

  XattrRewrite(MetaBlock inode, LockScope scope, MetaStore store, XattrChain chain, byte[] stream)
      throws DamagedBlockException {
    this.inode = inode;
    this.scope = scope;
    this.store = store;
    this.blocks = chain.blocks();
    this.stream = stream;
    this.count = blocksFor(stream);
    for (int i = count; i < blocks.size(); i++) {
      freed.add(FreedNode.of(blocks.get(i)));
    }
    if (InodeBlock.blocks(inode.buffer()) < freed.size()) {
      throw new DamagedBlockException(
          inode.address(), "inode counts fewer blocks than its attributes have");
    }
  }

  static int blocksFor(byte[] stream) {
    return (stream.length + XattrBlock.STREAM_LENGTH - 1) / XattrBlock.STREAM_LENGTH;
  }

  @Override
  public int nodesNeeded() {
    return Math.max(count - blocks.size(), 0);
  }

  @Override
  public List<FreedNode> nodes() {
    return List.copyOf(freed);
  }

  @Override
  public List<Run> data() {
    return List.of();
  }

  @Override
  public long lowestLogical() {
    return Long.MAX_VALUE;
  }

  @Override
  public boolean complete() {
    return true;
  }

  @Override
  public int credits() {
    return 1 + Math.max(count, blocks.size());
  }

  @Override
  public void apply(Transaction tx, BlockSource source) throws IOException {
    List<MetaBlock> chain = new ArrayList<>(count);
    for (MetaBlock block : blocks.subList(0, Math.min(count, blocks.size()))) {
      chain.add(store.read(scope, block.address(), XattrBlock.MAGIC));
    }
    tx.modify(inode);
    while (chain.size() < count) {
      chain.add(source.allocate(tx, scope, XattrBlock.MAGIC, inode.address()));
    }
    for (int i = 0; i < count; i++) {
      write(tx, chain.get(i), i, i + 1 < count ? chain.get(i + 1).address() : 0);
    }
    for (FreedNode node : freed) {
      tx.free(scope, node.address());
    }
    ByteBuffer attributes = inode.buffer();
    InodeBlock.xattrBlock(attributes, count == 0 ? 0 : chain.get(0).address());
    InodeBlock.xattrBytes(attributes, stream.length);
    InodeBlock.blocks(attributes, InodeBlock.blocks(attributes) + count - blocks.size());
  }

  private void write(Transaction tx, MetaBlock block, int index, long next) {
    int from = index * XattrBlock.STREAM_LENGTH;
    int length = Math.min(XattrBlock.STREAM_LENGTH, stream.length - from);
    ByteBuffer buffer = block.buffer();
    if (XattrBlock.next(buffer) == next
        && XattrBlock.length(buffer) == length
        && buffer
            .slice(XattrBlock.STREAM_OFFSET, length)
            .equals(ByteBuffer.wrap(stream, from, length))) {
      return;
    }
    tx.modify(block);
    XattrBlock.next(buffer, next);
    XattrBlock.length(buffer, length);
    buffer.put(XattrBlock.STREAM_OFFSET, stream, from, length);
    buffer.put(XattrBlock.STREAM_OFFSET + length, new byte[XattrBlock.STREAM_LENGTH - length]);
  }
}
