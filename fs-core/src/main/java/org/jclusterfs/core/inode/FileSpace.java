package org.jclusterfs.core.inode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jclusterfs.core.alloc.HeldGroup;
import org.jclusterfs.core.alloc.HeldGroups;
import org.jclusterfs.core.alloc.NoSpaceException;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.core.txn.Transactions;

/**
 * Changes what space a file has without writing data: truncates, preallocates, punches holes, finds
 * data and holes. Large changes go in several transactions, each of which leaves a whole file.
 *
 * <p>Every method but {@link #seek} needs the inode's lock in EX. Thread-safe beyond that.
 */
public final class FileSpace {
  private static final int BLOCK = MetaStore.BLOCK_SIZE;
  private static final int EXTENTS_PER_STEP = 32;
  private static final int PREALLOCATE = 8192;

  private final Transactions transactions;
  private final ResourceGroups groups;
  private final FileContent content;
  private final SpaceFreeing freeing;
  private final Clock clock;

  /** Makes the one of a mount. */
  public FileSpace(
      Transactions transactions, ResourceGroups groups, FileContent content, Clock clock) {
    this.transactions = transactions;
    this.groups = groups;
    this.content = content;
    this.freeing = new SpaceFreeing(groups);
    this.clock = clock;
  }

  private MetaStore store() {
    return transactions.store();
  }

  /** Sets the size; what lies behind it is freed, what comes new reads as zeros. */
  public void truncate(Inode inode, long newSize) throws IOException, LockUnavailableException {
    ByteBuffer block = inode.block(store()).buffer();
    if (InodeBlock.layout(block) != InodeBlock.LAYOUT_EXTENTS) {
      if (newSize <= FileContent.INLINE) {
        truncateInline(inode, (int) newSize);
        return;
      }
      content.convertToExtents(inode);
    }
    if (newSize < InodeBlock.size(block)) {
      shrink(inode, newSize);
    } else {
      try (Transaction tx = transactions.begin(1)) {
        tx.modify(inode.block(store()));
        finish(inode, tx, newSize);
        tx.complete();
      }
    }
  }

  private void truncateInline(Inode inode, int newSize) throws IOException {
    try (Transaction tx = transactions.begin(1)) {
      ByteBuffer block = tx.modify(inode.block(store())).buffer();
      for (int i = newSize; i < InodeBlock.bodyLength(block); i++) {
        block.put(InodeBlock.BODY_OFFSET + i, (byte) 0);
      }
      InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
      InodeBlock.bodyLength(block, newSize);
      finish(inode, tx, newSize);
      tx.complete();
    }
  }

  private void finish(Inode inode, Transaction tx, long size) throws IOException {
    ByteBuffer block = inode.block(store()).buffer();
    InodeBlock.size(block, size);
    Timestamps.modified(block, clock.instant());
    inode.changedIn(tx.sequence());
  }

  private void shrink(Inode inode, long newSize) throws IOException, LockUnavailableException {
    long keep = (newSize + BLOCK - 1) / BLOCK;
    unmap(inode, keep, Long.MAX_VALUE, true);
    zeroTail(inode, newSize);
    try (Transaction tx = transactions.begin(1)) {
      ByteBuffer block = tx.modify(inode.block(store())).buffer();
      if (newSize == 0) {
        block.put(InodeBlock.BODY_OFFSET, new byte[InodeBlock.BODY_LENGTH]);
        InodeBlock.layout(block, InodeBlock.LAYOUT_INLINE);
        InodeBlock.bodyLength(block, 0);
      } else {
        tx.ordered(inode.data());
      }
      finish(inode, tx, newSize);
      tx.complete();
    }
  }

  /**
   * Frees the blocks of a range and forgets what is cached of them. Data that waits to be written
   * goes out first: a transaction that maps its blocks may commit before the one that frees them,
   * and must not show what was on the device there.
   */
  private void unmap(Inode inode, long from, long to, boolean lowerSize)
      throws IOException, LockUnavailableException {
    if (inode.data().isDirty()) {
      inode.data().sync();
    }
    try {
      removeBlocks(inode, from, to, lowerSize);
    } finally {
      inode.data().discard(from, Math.min(to, Long.MAX_VALUE / BLOCK));
    }
  }

  /**
   * Frees the blocks of a range in steps, from its end backwards; with {@code lowerSize} each step
   * also lowers the size, so that a crash never leaves stale blocks behind the end of file.
   */
  private void removeBlocks(Inode inode, long from, long to, boolean lowerSize)
      throws IOException, LockUnavailableException {
    boolean more = true;
    while (more) {
      ExtentTree extents = content.extents(inode);
      Removal removal = extents.planRemoval(from, to, extentsPerStep());
      if (removal.data().isEmpty() && removal.nodes().isEmpty()) {
        return;
      }
      more = !removal.complete();
      removeStep(inode, removal, from, lowerSize);
    }
  }

  /** A short journal takes only small transactions. */
  private int extentsPerStep() {
    return Math.min(EXTENTS_PER_STEP, transactions.journal().maxTransactionBlocks() / 8);
  }

  private void removeStep(Inode inode, Removal removal, long from, boolean lowerSize)
      throws IOException, LockUnavailableException {
    Collection<Integer> indexes = new TreeSet<>(freeing.groupsOf(removal));
    if (removal.nodesNeeded() > 0) {
      indexes.add(inode.region());
    }
    int pieces = SpaceFreeing.pieces(removal);
    try (HeldGroups held = groups.holdAll(indexes)) {
      HeldGroup source = removal.nodesNeeded() > 0 ? held.withRoom(removal.nodesNeeded()) : null;
      int credits = 1 + removal.credits() + held.credits(pieces + removal.nodesNeeded());
      try (Transaction tx = transactions.begin(credits)) {
        ByteBuffer block = tx.modify(inode.block(store())).buffer();
        removal.apply(tx, source);
        long freed = 0;
        for (Run run : removal.data()) {
          freed += run.length();
        }
        freeing.free(tx, held, removal);
        InodeBlock.blocks(block, InodeBlock.blocks(block) - freed);
        if (lowerSize) {
          long lowest = Math.max(from, removal.lowestLogical()) * BLOCK;
          InodeBlock.size(block, Math.min(InodeBlock.size(block), lowest));
        }
        Timestamps.modified(block, clock.instant());
        inode.changedIn(tx.sequence());
        tx.complete();
      }
    }
  }

  private void zeroTail(Inode inode, long newSize) throws IOException {
    int rest = (int) (newSize % BLOCK);
    if (rest != 0) {
      zeroPart(inode, newSize, BLOCK - rest);
    }
  }

  /** Zeroes a part of one block where that block has content. */
  private void zeroPart(Inode inode, long offset, int length) throws IOException {
    Mapping mapping = content.extents(inode).find(offset / BLOCK);
    if (mapping.readsAsZeros()) {
      return;
    }
    inode.data().beginUse();
    try {
      content.load(inode, offset / BLOCK, offset / BLOCK + 1);
      ByteBuffer zeros = ByteBuffer.allocate(length);
      try (Transaction tx = transactions.begin(1)) {
        tx.modify(inode.block(store()));
        inode.data().put(offset, zeros, length, mapping.physicalOf(offset / BLOCK), false);
        tx.ordered(inode.data());
        inode.changedIn(tx.sequence());
        tx.complete();
      }
    } finally {
      inode.data().endUse();
    }
  }

  /** Frees everything a file has, for an inode that is going away. */
  public void removeAll(Inode inode) throws IOException, LockUnavailableException {
    ByteBuffer block = inode.block(store()).buffer();
    if (InodeBlock.layout(block) == InodeBlock.LAYOUT_EXTENTS) {
      unmap(inode, 0, Long.MAX_VALUE, true);
    }
  }

  /**
   * Applies a planned removal that is not a range of file blocks: a directory's or xattrs' nodes.
   */
  public void removeNodes(Inode inode, Removal removal)
      throws IOException, LockUnavailableException {
    if (!removal.nodes().isEmpty()) {
      removeStep(inode, removal, 0, false);
    }
  }

  /**
   * Makes a range read as zeros and frees the whole blocks in it, also those kept behind the end of
   * the file; the size stays.
   */
  public void punch(Inode inode, long offset, long length)
      throws IOException, LockUnavailableException {
    long end = offset + length;
    if (!content.isMapped(inode)) {
      zeroInline(inode, offset, end);
      return;
    }
    // Behind the end of the file there are zeros: its last block goes whole.
    long size = InodeBlock.size(inode.block(store()).buffer());
    if (offset < size && size <= end) {
      end = Math.max(end, roundUp(size));
    }
    zeroEdges(inode, offset, end);
    if (roundUp(offset) < end / BLOCK * BLOCK) {
      unmap(inode, roundUp(offset) / BLOCK, end / BLOCK, false);
    }
  }

  private static long roundUp(long offset) {
    return (offset + BLOCK - 1) / BLOCK * BLOCK;
  }

  /** Zeroes what a range covers of the blocks that do not lie in it as a whole. */
  private void zeroEdges(Inode inode, long offset, long end) throws IOException {
    long firstEnd = Math.min(end, roundUp(offset));
    if (offset < firstEnd) {
      zeroPart(inode, offset, (int) (firstEnd - offset));
    }
    long lastStart = Math.max(firstEnd, end / BLOCK * BLOCK);
    if (lastStart < end) {
      zeroPart(inode, lastStart, (int) (end - lastStart));
    }
  }

  /**
   * Makes a range read as zeros and gives all of it space; what it has it keeps, so that a full
   * volume is no reason to fail where nothing was a hole.
   */
  public void zero(Inode inode, long offset, long length, boolean keepSize)
      throws IOException, LockUnavailableException {
    long end = offset + length;
    if (!content.isMapped(inode)) {
      zeroInline(inode, offset, end);
    } else {
      zeroEdges(inode, offset, end);
      if (roundUp(offset) < end / BLOCK * BLOCK) {
        unwrite(inode, roundUp(offset) / BLOCK, end / BLOCK);
      }
    }
    allocate(inode, offset, length, keepSize);
  }

  /** Makes the written blocks of a range unwritten ones. */
  private void unwrite(Inode inode, long from, long to)
      throws IOException, LockUnavailableException {
    if (inode.data().isDirty()) {
      inode.data().sync(); // as where blocks are unmapped
    }
    try {
      long at = from;
      while (at < to) {
        ExtentTree extents = content.extents(inode);
        Mapping mapping = extents.find(at);
        long run = Math.min(to, mapping.end()) - at;
        if (!mapping.readsAsZeros()) {
          unwriteRun(inode, extents, at, Math.toIntExact(run));
        }
        at += run;
      }
    } finally {
      inode.data().discard(from, to);
    }
  }

  private void unwriteRun(Inode inode, ExtentTree extents, long at, int run)
      throws IOException, LockUnavailableException {
    int nodes = 2 * extents.nodesForInsert(at);
    try (HeldGroup group = groups.reserveLast(inode.region(), nodes);
        Transaction tx =
            transactions.begin(2 * extents.blocksTouchedByInsert() + group.credits(nodes))) {
      tx.modify(inode.block(store()));
      extents.markUnwritten(tx, group, at, run);
      inode.changedIn(tx.sequence());
      tx.complete();
    }
  }

  /** The content changed, by whatever was done: its times. */
  public void touch(Inode inode) throws IOException {
    try (Transaction tx = transactions.begin(1)) {
      Timestamps.modified(tx.modify(inode.block(store())).buffer(), clock.instant());
      inode.changedIn(tx.sequence());
      tx.complete();
    }
  }

  private void zeroInline(Inode inode, long from, long end) throws IOException {
    long to = Math.min(end, FileContent.INLINE);
    try (Transaction tx = transactions.begin(1)) {
      ByteBuffer block = tx.modify(inode.block(store())).buffer();
      for (long i = from; i < to; i++) {
        block.put(InodeBlock.BODY_OFFSET + (int) i, (byte) 0);
      }
      Timestamps.modified(block, clock.instant());
      inode.changedIn(tx.sequence());
      tx.complete();
    }
  }

  /**
   * Gives every hole of a range unwritten blocks, so that a later write cannot run out of space.
   * Where there is no space for all of them, none gets any.
   */
  public void allocate(Inode inode, long offset, long length, boolean keepSize)
      throws IOException, LockUnavailableException {
    ByteBuffer block = inode.block(store()).buffer();
    long end = offset + length;
    if (InodeBlock.layout(block) == InodeBlock.LAYOUT_EXTENTS || end > FileContent.INLINE) {
      if (InodeBlock.layout(block) != InodeBlock.LAYOUT_EXTENTS) {
        content.convertToExtents(inode);
      }
      fillHoles(inode, offset / BLOCK, (end + BLOCK - 1) / BLOCK);
    }
    if (!keepSize && end > InodeBlock.size(block)) {
      truncate(inode, end);
    }
  }

  private void fillHoles(Inode inode, long from, long to)
      throws IOException, LockUnavailableException {
    List<Run> filled = new ArrayList<>();
    try {
      fillHoles(inode, from, to, filled);
    } catch (NoSpaceException e) {
      // A file that cannot have all of it is not to keep what others need.
      for (Run run : filled) {
        unmap(inode, run.first(), run.first() + run.length(), false);
      }
      throw e;
    }
  }

  /** Tells in {@code filled} which file blocks have got space. */
  private void fillHoles(Inode inode, long from, long to, List<Run> filled)
      throws IOException, LockUnavailableException {
    long at = from;
    while (at < to) {
      ExtentTree extents = content.extents(inode);
      Mapping mapping = extents.find(at);
      long run = Math.min(to, mapping.end()) - at;
      if (mapping.isHole()) {
        int wanted = (int) Math.min(run, PREALLOCATE);
        int nodes = extents.nodesForInsert(at);
        try (HeldGroup group = content.reserveSome(inode.region(), 0, wanted, nodes);
            Transaction tx =
                transactions.begin(extents.blocksTouchedByInsert() + group.credits(1 + nodes))) {
          ByteBuffer block = tx.modify(inode.block(store())).buffer();
          int possible = Math.max(1, Math.min(wanted, group.toGive() - nodes));
          HeldGroup.Run taken = group.takeData(tx, 0, possible);
          extents.insert(tx, group, at, taken.first(), taken.length(), true);
          InodeBlock.blocks(block, InodeBlock.blocks(block) + taken.length());
          Timestamps.changed(block, clock.instant());
          inode.changedIn(tx.sequence());
          tx.complete();
          run = taken.length();
          filled.add(new Run(at, run));
        }
        inode.data().discard(at, at + run);
      }
      at += run;
    }
  }

  /**
   * lseek(2) SEEK_DATA and SEEK_HOLE; needs the lock in PR.
   *
   * @return the offset, or -1 where there is none
   */
  public long seek(Inode inode, long offset, boolean data) throws IOException {
    ByteBuffer block = inode.block(store()).buffer();
    long size = InodeBlock.size(block);
    if (offset < 0 || offset >= size) {
      return -1;
    }
    if (InodeBlock.layout(block) != InodeBlock.LAYOUT_EXTENTS) {
      return data ? offset : size;
    }
    ExtentTree extents = content.extents(inode);
    long at = offset / BLOCK;
    while (at * BLOCK < size) {
      Mapping mapping = extents.find(at);
      boolean hole = mapping.readsAsZeros();
      if (hole != data) {
        return Math.max(offset, at * BLOCK);
      }
      if (mapping.end() * BLOCK >= size || mapping.end() == Long.MAX_VALUE) {
        break;
      }
      at = mapping.end();
    }
    return data ? -1 : size;
  }
}
