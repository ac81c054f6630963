package org.jclusterfs.core.inode;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.MetaStore;

/**
 * Copies a range of one file into another, or to elsewhere in the same one, without the bytes
 * leaving the process. A hole, or what is allocated but reads as zeros, becomes a hole.
 *
 * <p>Each {@link #step} copies what fits into one hold of the locks; between two the caller gives
 * them up. Used by one thread.
 */
public final class RangeCopy {
  private static final int BLOCK = MetaStore.BLOCK_SIZE;

  /** Bytes of data that one step copies at most. */
  static final int CHUNK = 1 << 20;

  /** Bytes that one step turns into a hole at most where something is mapped. */
  static final long HOLE = 64L << 20;

  /** Blocks that wait to be written past which a step waits for the device. */
  private static final int DIRTY_BLOCKS = 4096;

  private final FileContent content;
  private final FileSpace space;
  private ByteBuffer buffer;

  /** Makes the copier of one call. */
  public RangeCopy(FileContent content, FileSpace space) {
    this.content = content;
    this.space = space;
  }

  /**
   * Copies the beginning of a range; needs the source's lock in PR and the target's in EX, and EX
   * where both are the same file, whose ranges do not overlap.
   *
   * @return bytes copied, 0 at the end of the source
   */
  public long step(Inode source, long from, Inode target, long to, long length)
      throws IOException, LockUnavailableException {
    long rest = Math.min(length, size(source) - from);
    if (rest <= 0) {
      return 0;
    }
    Mapping mapping = mapping(source, from / BLOCK);
    long run = Math.min(rest, bytesFrom(mapping, from));
    if (mapping.readsAsZeros()) {
      return clear(target, to, run);
    }
    // Steps end with a block of the target, so that no block is written twice.
    return copy(source, from, target, to, (int) Math.min(run, CHUNK - to % BLOCK));
  }

  private long size(Inode inode) throws IOException {
    return InodeBlock.size(content.block(inode).buffer());
  }

  /** Content within the inode counts as one extent. */
  private Mapping mapping(Inode inode, long block) throws IOException {
    return content.isMapped(inode)
        ? content.extents(inode).find(block)
        : new Mapping(0, inode.number(), Long.MAX_VALUE, false);
  }

  private static long bytesFrom(Mapping mapping, long offset) {
    return mapping.end() > Long.MAX_VALUE / BLOCK ? Long.MAX_VALUE : mapping.end() * BLOCK - offset;
  }

  private long clear(Inode target, long to, long run) throws IOException, LockUnavailableException {
    long cleared = run;
    long size = size(target);
    if (to < size) {
      Mapping there = mapping(target, to / BLOCK);
      cleared = Math.min(run, there.isHole() ? bytesFrom(there, to) : HOLE);
      space.punch(target, to, cleared);
    }
    if (to + cleared > size) {
      space.truncate(target, to + cleared);
    }
    return cleared;
  }

  private int copy(Inode source, long from, Inode target, long to, int length)
      throws IOException, LockUnavailableException {
    if (buffer == null || buffer.capacity() < length) {
      buffer = ByteBuffer.allocate(length);
    }
    buffer.clear();
    content.read(
        source,
        from,
        length,
        data -> {
          for (ByteBuffer piece : data) {
            buffer.put(piece.duplicate());
          }
        });
    int written = content.write(target, to, buffer.flip(), true);
    if (target.data().dirtyBlocks() > DIRTY_BLOCKS) {
      target.data().sync();
    }
    return written;
  }
}
