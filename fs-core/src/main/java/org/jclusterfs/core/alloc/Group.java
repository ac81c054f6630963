package org.jclusterfs.core.alloc;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.stream.LongStream;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.core.txn.Transactions;
import org.jclusterfs.dlm.LockName;

/**
 * What this node knows of one resource group while it holds the group's lock. Used by one thread at
 * a time: the EX holder, or the demotion that follows it.
 *
 * <p>Freed blocks stay in quarantine: until their transaction committed, since a crash before that
 * gives them back to their file; and blocks that were metadata until the bitmap is in place, since
 * replay asks the bitmap on the device whether an old image may be written there.
 */
final class Group {
  /** Free figure of a group that was never looked at. */
  static final int UNKNOWN = -1;

  private final int index;
  private final long firstBlock;
  private final LockScope scope;
  private final BitSet quarantine = new BitSet();
  private final ArrayDeque<Freed> freed = new ArrayDeque<>();
  private MetaBlock header;
  private int rotor;
  private volatile int freeHint = UNKNOWN;

  private record Freed(long sequence, boolean wasMetadata, int first, int length) {}

  Group(int index, long firstBlock) {
    this.index = index;
    this.firstBlock = firstBlock;
    this.scope = new LockScope(LockScope.groupLock(index));
  }

  int index() {
    return index;
  }

  long firstBlock() {
    return firstBlock;
  }

  LockName lock() {
    return scope.name();
  }

  LockScope scope() {
    return scope;
  }

  /** Free blocks as last seen, without a lock; {@link #UNKNOWN} if never. */
  int freeHint() {
    return freeHint;
  }

  void freeHint(int free) {
    freeHint = free;
  }

  int rotor() {
    return rotor;
  }

  void rotor(int relative) {
    rotor = relative;
  }

  BitSet quarantine() {
    return quarantine;
  }

  MetaBlock header(MetaStore store) throws IOException {
    if (header == null) {
      MetaBlock read = store.read(scope, firstBlock, GroupHeader.MAGIC);
      int bitmaps = GroupHeader.bitmapBlocks(read.buffer());
      store.prefetch(
          LongStream.rangeClosed(firstBlock + 1, firstBlock + bitmaps)
              .mapToObj(address -> new MetaStore.Wanted(scope, address))
              .toList(),
          BitmapBlock.MAGIC);
      for (int i = 0; i < bitmaps; i++) {
        // A damaged one is found now, and not by an operation that has changed something already.
        bitmap(store, i);
      }
      freeHint = GroupHeader.freeBlocks(read.buffer());
      header = read;
    }
    return header;
  }

  MetaBlock bitmap(MetaStore store, int number) throws IOException {
    return store.read(scope, firstBlock + 1 + number, BitmapBlock.MAGIC);
  }

  /** Blocks that could be given out now. */
  int available(MetaStore store) throws IOException {
    return GroupHeader.freeBlocks(header(store).buffer()) - quarantine.cardinality();
  }

  boolean hasQuarantine() {
    return !freed.isEmpty();
  }

  void quarantine(long sequence, boolean wasMetadata, int first, int length) {
    quarantine.set(first, first + length);
    freed.add(new Freed(sequence, wasMetadata, first, length));
  }

  /** Lets go what became safe meanwhile. */
  void releaseQuarantine(Transactions transactions) {
    if (freed.isEmpty()) {
      return;
    }
    long committed = transactions.journal().committedSequence();
    boolean inPlace = transactions.journal().isWrittenBack(scope.tag());
    freed.removeIf(
        f -> {
          boolean safe = f.sequence <= committed && (!f.wasMetadata || inPlace);
          if (safe) {
            quarantine.clear(f.first, f.first + f.length);
          }
          return safe;
        });
  }

  /** The lock is being given up, everything is in place: nothing cached is right any more. */
  void drop() {
    header = null;
    scope.clear();
    quarantine.clear();
    freed.clear();
  }
}
