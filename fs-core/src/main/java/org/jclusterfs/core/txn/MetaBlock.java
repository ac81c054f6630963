package org.jclusterfs.core.txn;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.journal.BlockImage;
import org.jclusterfs.journal.LockTag;

/**
 * One metadata block in memory, cached under the cluster lock that covers it.
 *
 * <p>Read under the lock in any mode; changed only under EX and inside a {@link Transaction} that
 * was told by {@link Transaction#modify}. The buffer is little-endian and used with absolute
 * indexes only, so that threads may read it side by side.
 */
public final class MetaBlock implements BlockImage {
  private final long address;
  private final LockTag lock;
  private final ByteBuffer buffer;
  private final long writer;

  MetaBlock(long address, LockTag lock, ByteBuffer buffer, long writer) {
    this.address = address;
    this.lock = lock;
    this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN);
    this.writer = writer;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public LockTag lock() {
    return lock;
  }

  /** The whole block; absolute indexes only. */
  public ByteBuffer buffer() {
    return buffer;
  }

  /** The block's version as the last transaction left it. */
  public long version() {
    return BlockHeader.version(buffer);
  }

  @Override
  public void snapshot(ByteBuffer dst) {
    BlockHeader.version(buffer, BlockHeader.version(buffer) + 1);
    BlockHeader.writer(buffer, writer);
    BlockHeader.seal(buffer);
    dst.put(buffer.duplicate().clear());
  }
}
