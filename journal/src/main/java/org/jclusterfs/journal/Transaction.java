package org.jclusterfs.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A transaction in memory: what its handles logged, revoked and ordered. Guarded by the journal's
 * lock, but for the snapshot, during which the gate keeps everybody else out.
 */
final class Transaction {

  private record Logged(BlockImage block, LockTag lock) {}

  private final long sequence;
  private final Map<Long, Logged> images = new LinkedHashMap<>();
  private final Set<Long> revokes = new LinkedHashSet<>();
  private final Set<OrderedData> ordered = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<OrderedData> accompanying = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<LockTag, Integer> locks = new HashMap<>();
  private final Set<Thread> holders = Collections.newSetFromMap(new IdentityHashMap<>());
  private int credits;
  private boolean done;
  private int waiters;
  private volatile boolean wantedElsewhere;

  Transaction(long sequence) {
    this.sequence = sequence;
  }

  long sequence() {
    return sequence;
  }

  /** Images and revokes so far. */
  int entries() {
    return images.size() + revokes.size();
  }

  /** Entries so far and those that open handles may still add. */
  int reserved() {
    return entries() + credits;
  }

  /** Nothing to commit. */
  boolean isEmpty() {
    return entries() == 0 && ordered.isEmpty() && accompanying.isEmpty();
  }

  boolean has(LockTag lock) {
    return locks.containsKey(lock);
  }

  boolean contains(long address) {
    return images.containsKey(address) || revokes.contains(address);
  }

  void enter(Thread holder, int maxBlocks) {
    holders.add(holder);
    credits += maxBlocks;
  }

  void leave(Thread holder, int unusedCredits) {
    holders.remove(holder);
    credits -= unusedCredits;
  }

  void spendCredit() {
    credits--;
  }

  boolean hasHolders() {
    return !holders.isEmpty();
  }

  boolean isHeldBy(Thread thread) {
    return holders.contains(thread);
  }

  void log(BlockImage block) {
    long address = block.address();
    revokes.remove(address);
    LockTag lock = block.lock();
    Logged before = images.put(address, new Logged(block, lock));
    if (before != null) {
      countLock(before.lock(), -1);
    }
    countLock(lock, 1);
  }

  void revoke(long address) {
    Logged before = images.remove(address);
    if (before != null) {
      countLock(before.lock(), -1);
    }
    revokes.add(address);
  }

  void order(OrderedData data) {
    ordered.add(data);
  }

  void accompany(OrderedData data) {
    accompanying.add(data);
  }

  Collection<Long> revokes() {
    return revokes;
  }

  /** What must be durable before the log is written. */
  Collection<OrderedData> ordered() {
    return ordered;
  }

  /** What need only be durable when the commit ends. */
  Collection<OrderedData> accompanying() {
    return accompanying;
  }

  /** Whether the commit was asked for by a {@link Journal#writeBack}: another node may wait. */
  boolean isWantedElsewhere() {
    return wantedElsewhere;
  }

  void setWantedElsewhere() {
    wantedElsewhere = true;
  }

  /** Threads that wait for its commit. */
  int waiters() {
    return waiters;
  }

  void addWaiter(int change) {
    waiters += change;
  }

  /** Committed: nobody needs to wait for it any more. */
  boolean isDone() {
    return done;
  }

  void setDone() {
    done = true;
  }

  /**
   * Copies every logged block.
   *
   * @param inspector checks each copy and reads its version; null: neither
   * @throws IllegalStateException if a copy is not valid metadata: it must not reach the log
   */
  List<PendingImage> snapshot(int blockSize, BlockInspector inspector) {
    List<PendingImage> copies = new ArrayList<>(images.size());
    for (Map.Entry<Long, Logged> entry : images.entrySet()) {
      long address = entry.getKey();
      byte[] content = new byte[blockSize];
      entry.getValue().block().snapshot(ByteBuffer.wrap(content));
      long version = EntryTag.VERSION_UNKNOWN;
      if (inspector != null) {
        version = inspector.version(ByteBuffer.wrap(content), address);
        if (version == BlockInspector.INVALID) {
          throw new IllegalStateException("block " + address + " was logged with invalid content");
        }
      }
      copies.add(new PendingImage(address, entry.getValue().lock(), version, content));
    }
    return copies;
  }

  private void countLock(LockTag lock, int change) {
    locks.merge(lock, change, (a, b) -> a + b == 0 ? null : a + b);
  }
}
