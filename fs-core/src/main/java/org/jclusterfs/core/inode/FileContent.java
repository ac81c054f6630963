package org.jclusterfs.core.inode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.alloc.NoSpaceException;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.device.DeviceFutures;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.txn.Transactions;

/**
 * Reads and writes the bytes of regular files: inline in the inode while they fit, in extents
 * otherwise. Data goes to memory and from there to the device at the latest when its transaction
 * commits (ordered mode), the file is synced, or the lock goes.
 *
 * <p>Every method needs the inode's lock: PR to read, EX to change. Thread-safe beyond that.
 */
public final class FileContent {
  /** Bytes that fit into the inode. */
  static final int INLINE = InodeBlock.BODY_LENGTH;

  /** Largest file in bytes: block numbers of a file fit into 52 bits. */
  public static final long MAX_SIZE = Long.MAX_VALUE - Chunk.SIZE;

  private static final int BLOCK = MetaStore.BLOCK_SIZE;
  private static final int SEGMENT_BLOCKS = 1024;
  private static final int DIRTY_BLOCKS = 1024;

  private final Transactions transactions;
  private final ResourceGroups groups;
  private final Clock clock;

  /** Makes the reader and writer of one mount. */
  public FileContent(Transactions transactions, ResourceGroups groups, Clock clock) {
    this.transactions = transactions;
    this.groups = groups;
    this.clock = clock;
  }

  private MetaStore store() {
    return transactions.store();
  }

  MetaBlock block(Inode inode) throws IOException {
    return inode.block(store());
  }

  /** Whether the content is not in the inode itself. */
  boolean isMapped(Inode inode) throws IOException {
    return InodeBlock.layout(block(inode).buffer()) == InodeBlock.LAYOUT_EXTENTS;
  }

  /** The extents of an inode whose layout has them. */
  ExtentTree extents(Inode inode) throws IOException {
    return new ExtentTree(inode.block(store()), inode.scope(), store());
  }

  /** Takes read bytes while they are pinned in memory. */
  @FunctionalInterface
  public interface Reader {
    /** Gives the bytes; the buffers are valid only inside. */
    void accept(List<ByteBuffer> data);
  }

  /** Reads up to {@code size} bytes; fewer at the end of the file only. */
  public void read(Inode inode, long offset, int size, Reader reader) throws IOException {
    ByteBuffer block = inode.block(store()).buffer();
    long length = Math.min(size, InodeBlock.size(block) - offset);
    if (length <= 0) {
      reader.accept(List.of());
    } else if (InodeBlock.layout(block) != InodeBlock.LAYOUT_EXTENTS) {
      reader.accept(List.of(inlineSlice(block, offset, (int) length)));
    } else {
      inode.data().beginUse();
      try {
        long from = offset / BLOCK;
        long to = (offset + length - 1) / BLOCK + 1;
        inode.data().ahead().await(from, to);
        readAhead(inode, from, to, InodeBlock.size(block) / BLOCK + 1);
        load(inode, from, to);
        try (FileCache.View view = inode.data().view(offset, (int) length)) {
          reader.accept(view.buffers());
        }
      } finally {
        inode.data().endUse();
      }
    }
  }

  private static ByteBuffer inlineSlice(ByteBuffer block, long offset, int length) {
    // A size raised by truncate without content behind it reads as zeros: the body is kept zeroed.
    return block.slice(InodeBlock.BODY_OFFSET + (int) offset, length);
  }

  private void readAhead(Inode inode, long from, long to, long end) throws IOException {
    ReadAhead ahead = inode.data().ahead();
    ReadAhead.Range range = ahead.plan(from, to, end);
    if (range == null) {
      return;
    }
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    try {
      ExtentTree extents = extents(inode);
      long at = range.from();
      while (at < range.to()) {
        Mapping mapping = extents.find(at);
        int run = (int) (Math.min(range.to(), mapping.end()) - at);
        if (!mapping.readsAsZeros()) {
          reads.addAll(inode.data().load(at, mapping.physicalOf(at), run));
        }
        at += run;
      }
    } finally {
      ahead.started(range, reads);
    }
  }

  void load(Inode inode, long from, long to) throws IOException {
    ExtentTree extents = extents(inode);
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    long at = from;
    while (at < to) {
      if (inode.data().isValid(at)) {
        at++;
        continue;
      }
      Mapping mapping = extents.find(at);
      int run = (int) (Math.min(to, mapping.end()) - at);
      if (mapping.readsAsZeros()) {
        inode.data().zeroHole(at, run);
      } else {
        reads.addAll(inode.data().load(at, mapping.physicalOf(at), run));
      }
      at += run;
    }
    for (CompletableFuture<Void> read : reads) {
      DeviceFutures.await(read);
    }
  }

  /**
   * Writes all of {@code data}, making the file longer where needed.
   *
   * @param extend false for pages of a mapping: what lies behind the end of file is left out
   * @return bytes taken, fewer than given only if space ran out after some
   */
  public int write(Inode inode, long offset, ByteBuffer data, boolean extend)
      throws IOException, LockUnavailableException {
    MetaBlock block = inode.block(store());
    long size = InodeBlock.size(block.buffer());
    if (!extend) {
      long inside = Math.max(0, Math.min(data.remaining(), size - offset));
      data = data.slice(data.position(), (int) inside);
    }
    if (!data.hasRemaining()) {
      return 0;
    }
    if (InodeBlock.layout(block.buffer()) != InodeBlock.LAYOUT_EXTENTS) {
      if (offset + data.remaining() <= INLINE) {
        return writeInline(inode, (int) offset, data);
      }
      convertToExtents(inode);
    }
    int start = data.position();
    inode.data().beginUse();
    try {
      writeExtents(inode, offset, data);
    } catch (NoSpaceException e) {
      if (data.position() == start) {
        throw e;
      }
    } finally {
      inode.data().endUse();
    }
    if (inode.data().dirtyBlocks() > DIRTY_BLOCKS) {
      inode.data().writeOut();
    }
    inode.data().catchUp();
    return data.position() - start;
  }

  private int writeInline(Inode inode, int offset, ByteBuffer data) throws IOException {
    int length = data.remaining();
    try (Transaction tx = transactions.begin(1)) {
      ByteBuffer block = tx.modify(inode.block(store())).buffer();
      block.put(InodeBlock.BODY_OFFSET + offset, data, data.position(), length);
      data.position(data.position() + length);
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
      grow(block, offset + (long) length);
      InodeBlock.bodyLength(block, (int) InodeBlock.size(block));
      touchModified(inode, block, tx);
      tx.complete();
    }
    return length;
  }

  private static void grow(ByteBuffer block, long end) {
    if (end > InodeBlock.size(block)) {
      InodeBlock.size(block, end);
    }
  }

  private void touchModified(Inode inode, ByteBuffer block, Transaction tx) {
    Timestamps.modified(block, clock.instant());
    inode.changedIn(tx.sequence());
  }

  /** Moves inline content to a block of its own, in one transaction. */
  void convertToExtents(Inode inode) throws IOException, LockUnavailableException {
    ByteBuffer before = inode.block(store()).buffer();
    int length = (int) Math.min(INLINE, InodeBlock.size(before));
    byte[] content = new byte[length];
    before.get(InodeBlock.BODY_OFFSET, content);
    inode.data().beginUse();
    try (HeldGroup group = groups.reserve(inode.region(), length == 0 ? 0 : 1);
        Transaction tx = transactions.begin(2 + group.credits(1))) {
      startExtents(inode, tx, group, content);
      inode.changedIn(tx.sequence());
      tx.complete();
    } finally {
      inode.data().endUse();
    }
  }

  /**
   * Gives an inode an extent tree with its first bytes in one block.
   *
   * @param group can give a block where there is content
   * @param content at most one block; may be empty, then nothing is mapped
   */
  public void startExtents(Inode inode, Transaction tx, HeldGroup group, byte[] content)
      throws IOException {
    ByteBuffer block = tx.modify(inode.block(store())).buffer();
    block.put(InodeBlock.BODY_OFFSET, new byte[INLINE]);
    NodeHeader.initialise(block, NodeHeader.ROOT_BASE, 0);
    InodeBlock.layout(block, InodeBlock.LAYOUT_EXTENTS);
    InodeBlock.bodyLength(block, 0);
    if (content.length > 0) {
      HeldGroup.Run run = group.takeData(tx, inode.number(), 1);
      extents(inode).insert(tx, group, 0, run.first(), 1, false);
      InodeBlock.blocks(block, InodeBlock.blocks(block) + 1);
      inode.data().put(0, ByteBuffer.wrap(content), content.length, run.first(), true);
      tx.ordered(inode.data());
    }
  }

  private void writeExtents(Inode inode, long offset, ByteBuffer data)
      throws IOException, LockUnavailableException {
    long at = offset;
    while (data.hasRemaining()) {
      long first = at / BLOCK;
      Mapping mapping = extents(inode).find(first);
      long blocks = (at + data.remaining() - 1) / BLOCK + 1 - first;
      int run = (int) Math.min(Math.min(blocks, mapping.end() - first), SEGMENT_BLOCKS);
      int done;
      if (mapping.isHole()) {
        done = writeHole(inode, at, data, run);
      } else if (mapping.unwritten()) {
        done = writeUnwritten(inode, at, data, run, mapping.physicalOf(first));
      } else {
        done = overwrite(inode, at, data, run, mapping.physicalOf(first));
      }
      at += done;
    }
  }

  private static int lengthIn(long at, ByteBuffer data, int run) {
    long end = (at / BLOCK + run) * BLOCK;
    return (int) Math.min(data.remaining(), end - at);
  }

  private int overwrite(Inode inode, long at, ByteBuffer data, int run, long physical)
      throws IOException {
    int length = lengthIn(at, data, run);
    long first = at / BLOCK;
    long last = (at + length - 1) / BLOCK;
    if (at % BLOCK != 0) {
      load(inode, first, first + 1);
    }
    if ((at + length) % BLOCK != 0) {
      load(inode, last, last + 1);
    }
    try (Transaction tx = transactions.begin(1)) {
      ByteBuffer block = tx.modify(inode.block(store())).buffer();
      inode.data().put(at, data, length, physical, false);
      if (at + length > InodeBlock.size(block)) {
        tx.ordered(inode.data());
      } else {
        tx.accompany(inode.data());
      }
      grow(block, at + length);
      touchModified(inode, block, tx);
      tx.complete();
    }
    return length;
  }

  private int writeHole(Inode inode, long at, ByteBuffer data, int run)
      throws IOException, LockUnavailableException {
    ExtentTree extents = extents(inode);
    long first = at / BLOCK;
    long goal = goal(extents, first);
    int nodes = extents.nodesForInsert(first);
    try (HeldGroup group = reserveSome(inode.region(), goal, run, nodes);
        Transaction tx =
            transactions.begin(extents.blocksTouchedByInsert() + group.credits(1 + nodes))) {
      MetaBlock inodeBlock = tx.modify(inode.block(store()));
      int possible = Math.max(1, group.toGive() - nodes);
      HeldGroup.Run taken = group.takeData(tx, goal, Math.min(run, possible));
      extents.insert(tx, group, first, taken.first(), taken.length(), false);
      ByteBuffer block = inodeBlock.buffer();
      InodeBlock.blocks(block, InodeBlock.blocks(block) + taken.length());
      int length = lengthIn(at, data, taken.length());
      inode.data().put(at, data, length, taken.first(), true);
      tx.ordered(inode.data());
      grow(block, at + length);
      touchModified(inode, block, tx);
      tx.complete();
      return length;
    }
  }

  private static long goal(ExtentTree extents, long first) throws IOException {
    if (first == 0) {
      return 0;
    }
    Mapping before = extents.find(first - 1);
    return before.isHole() ? 0 : before.physicalOf(first - 1) + 1;
  }

  /** Settles for less contiguous space before it gives up. */
  HeldGroup reserveSome(int hint, long goal, int blocks, int nodes)
      throws IOException, LockUnavailableException {
    int near = goal > 0 ? groups.groupOf(goal) : hint;
    for (int wanted = blocks; ; wanted = Math.max(1, wanted / 8)) {
      try {
        return groups.reserve(near, wanted + nodes);
      } catch (NoSpaceException e) {
        if (wanted == 1) {
          throw e;
        }
      }
    }
  }

  private int writeUnwritten(Inode inode, long at, ByteBuffer data, int run, long physical)
      throws IOException, LockUnavailableException {
    ExtentTree extents = extents(inode);
    int length = lengthIn(at, data, run);
    int blocks = (int) ((at + length - 1) / BLOCK + 1 - at / BLOCK);
    int nodes = 2 * extents.nodesForInsert(at / BLOCK);
    try (HeldGroup group = groups.reserveLast(inode.region(), nodes);
        Transaction tx =
            transactions.begin(2 * extents.blocksTouchedByInsert() + group.credits(nodes))) {
      ByteBuffer block = tx.modify(inode.block(store())).buffer();
      extents.markWritten(tx, group, at / BLOCK, blocks);
      // What was cached of it so far were the zeros of an unwritten extent.
      inode.data().put(at, data, length, physical, true);
      tx.ordered(inode.data());
      grow(block, at + length);
      touchModified(inode, block, tx);
      tx.complete();
    }
    return length;
  }
}
