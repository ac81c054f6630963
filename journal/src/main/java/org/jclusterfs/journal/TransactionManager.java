package org.jclusterfs.journal;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;

/**
 * Owner of the running transaction and of the one that is being committed: lets handles in, and
 * picks the leader among the threads that want a commit.
 *
 * <p>A commit goes: gate closed, open handles drain, snapshot, next transaction opened and gate
 * opened, I/O outside of the lock, images pending, waiters woken. Room in the log is reserved when
 * a handle joins, so that a commit never waits for room. Who finds no room is served before those
 * who come later, so that many small operations never keep a large one waiting.
 */
final class TransactionManager {

  /** After so many waits in vain, each of them is followed by 64 commits without. */
  private static final int MOST_FRUITLESS = 6;

  private final JournalState state;
  private final Checkpointer checkpointer;
  private final Committer committer;
  private final int maxTransactionBlocks;
  private final int maxPendingBlocks;

  /** Threads that found no room, in the order in which they came. */
  private final ArrayDeque<Thread> waitingForRoom = new ArrayDeque<>();

  /** Signalled when one more thread waits for the running transaction. */
  private final Condition joined;

  private Transaction running;
  private Transaction committing;
  private boolean gateClosed;
  private boolean closing;
  private long committedSequence;
  private boolean gathering;
  private int expectedWaiters;
  private int gathersToSkip;
  private int fruitlessGathers;

  TransactionManager(JournalState state, Checkpointer checkpointer, long firstSequence) {
    this.state = state;
    this.joined = state.lock.newCondition();
    this.checkpointer = checkpointer;
    this.committer = new Committer(state);
    this.running = new Transaction(firstSequence);
    this.committedSequence = firstSequence - 1;
    long ring = state.geometry.ringBlocks();
    this.maxTransactionBlocks =
        Math.min(state.options.maxTransactionBlocks(), state.geometry.entriesThatFit(ring / 4));
    this.maxPendingBlocks =
        Math.max(3 * maxTransactionBlocks, (int) Math.min(state.options.maxPendingBlocks(), ring));
  }

  int maxTransactionBlocks() {
    return maxTransactionBlocks;
  }

  private enum Admission {
    JOINED,
    COMMIT_FIRST,
    NO_ROOM
  }

  Journal.Handle begin(int maxBlocks) throws IOException {
    if (maxBlocks < 1 || maxBlocks > maxTransactionBlocks) {
      throw new IllegalArgumentException(
          "an operation of "
              + maxBlocks
              + " blocks does not fit into a transaction of this journal, which has 1 to "
              + maxTransactionBlocks
              + ": split it");
    }
    try {
      return join(maxBlocks);
    } finally {
      state.lock.lock();
      try {
        if (waitingForRoom.remove(Thread.currentThread())) {
          state.changed.signalAll();
        }
      } finally {
        state.lock.unlock();
      }
    }
  }

  private Journal.Handle join(int maxBlocks) throws IOException {
    while (true) {
      Transaction joined;
      Admission admission;
      state.lock.lock();
      try {
        admission = admit(maxBlocks);
        joined = running;
      } finally {
        state.lock.unlock();
      }
      switch (admission) {
        case JOINED:
          return new TransactionHandle(joined, maxBlocks);
        case COMMIT_FIRST:
          commit(joined);
          break;
        case NO_ROOM:
        default:
          checkpointer.makeRoom(() -> lacksRoom(maxBlocks));
          break;
      }
    }
  }

  private Admission admit(int maxBlocks) throws IOException {
    refuseHolder("begin another one");
    boolean waited = false;
    while (true) {
      state.check();
      if (closing) {
        throw new IOException("the journal is closed");
      }
      if (!gateClosed && isNext()) {
        break;
      }
      if (gateClosed && !waited) {
        waited = true;
        state.counters.gateWaits++;
      }
      state.changed.awaitUninterruptibly();
    }
    if (running.reserved() + maxBlocks > maxTransactionBlocks) {
      return Admission.COMMIT_FIRST;
    }
    if (lacksRoom(maxBlocks)) {
      state.counters.roomWaits++;
      if (waitingForRoom.isEmpty()) {
        waitingForRoom.add(Thread.currentThread());
      }
      return Admission.NO_ROOM;
    }
    running.enter(Thread.currentThread(), maxBlocks);
    return Admission.JOINED;
  }

  /** Whether nobody came before this thread and waits for room; it queues up behind them. */
  private boolean isNext() {
    Thread self = Thread.currentThread();
    if (!waitingForRoom.isEmpty() && !waitingForRoom.contains(self)) {
      waitingForRoom.add(self);
    }
    return waitingForRoom.isEmpty() || waitingForRoom.peek() == self;
  }

  /** Whether the log or the memory for pending images is too full for so many more blocks. */
  private boolean lacksRoom(int maxBlocks) {
    int runningEntries = running.reserved() + maxBlocks;
    int committingEntries = committing == null ? 0 : committing.reserved();
    long free = state.geometry.ringBlocks() - (state.head - state.reusableUpTo);
    return state.geometry.worstBlocks(runningEntries)
                + state.geometry.worstBlocks(committingEntries)
            > free
        || state.pending.size() + committingEntries + runningEntries > maxPendingBlocks;
  }

  private void refuseHolder(String what) {
    Thread self = Thread.currentThread();
    if (running.isHeldBy(self) || (committing != null && committing.isHeldBy(self))) {
      throw new IllegalStateException("a thread with an open handle must not " + what);
    }
  }

  /** Throws if the calling thread has a handle open, since it would wait for itself. */
  void refuseOpenHandle(String what) {
    state.lock.lock();
    try {
      refuseHolder(what);
    } finally {
      state.lock.unlock();
    }
  }

  long runningSequence() {
    state.lock.lock();
    try {
      return running.sequence();
    } finally {
      state.lock.unlock();
    }
  }

  long committedSequence() {
    state.lock.lock();
    try {
      return committedSequence;
    } finally {
      state.lock.unlock();
    }
  }

  void commit(long sequence) throws IOException {
    Transaction target;
    state.lock.lock();
    try {
      state.check();
      if (sequence > running.sequence()) {
        throw new IllegalArgumentException(
            "transaction " + sequence + " has not begun, " + running.sequence() + " is running");
      }
      target = running;
      if (sequence < running.sequence() || (running.isEmpty() && !running.hasHolders())) {
        // A transaction of data only takes no sequence, so the one in commit may share its number.
        target = committing != null && committing.sequence() <= sequence ? committing : null;
      }
    } finally {
      state.lock.unlock();
    }
    commit(target);
  }

  void commitAll() throws IOException {
    commit(runningSequence());
  }

  /** Commits whatever has logged blocks under a lock. */
  void commitUnder(LockTag lock) throws IOException {
    Transaction target = null;
    state.lock.lock();
    try {
      state.check();
      refuseHolder("write back");
      if (running.has(lock)) {
        target = running;
      } else if (committing != null && committing.has(lock)) {
        target = committing;
      }
      if (target != null) {
        target.setWantedElsewhere();
      }
    } finally {
      state.lock.unlock();
    }
    commit(target);
  }

  boolean hasUncommitted(LockTag lock) {
    return running.has(lock) || (committing != null && committing.has(lock));
  }

  /** Waits until a transaction is durable, and leads its commit if nobody does; null: nothing. */
  private void commit(Transaction target) throws IOException {
    boolean led = false;
    state.lock.lock();
    try {
      refuseHolder("commit");
      state.counters.commitCalls++;
      if (target == null) {
        return;
      }
      target.addWaiter(1);
      joined.signal();
      try {
        while (!target.isDone()) {
          state.check();
          if (committing != null || gathering) {
            state.changed.awaitUninterruptibly();
          } else if (target.isEmpty() && !target.hasHolders()) {
            break;
          } else {
            led = true;
            gather();
            lead();
          }
        }
      } finally {
        target.addWaiter(-1);
      }
      if (!led) {
        state.counters.sharedCommits++;
      }
    } finally {
      state.lock.unlock();
    }
  }

  /**
   * Waits a moment for the threads that the last commit released, if they are wont to come back at
   * once: together they cost one commit instead of two. Without that the threads fall into two
   * groups, each of which waits for the commit of the other. Who commits alone never waits here.
   */
  private void gather() {
    Transaction transaction = running;
    if (transaction.waiters() >= expectedWaiters || transaction.isWantedElsewhere()) {
      return;
    }
    if (gathersToSkip > 0) {
      gathersToSkip--;
      return;
    }
    int before = transaction.waiters();
    gathering = true;
    try {
      long left = state.options.gatherNanos();
      while (left > 0 && transaction.waiters() < expectedWaiters && !state.aborted) {
        left = joined.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      gathering = false;
    }
    boolean fruitless = transaction.waiters() <= before;
    fruitlessGathers = fruitless ? Math.min(fruitlessGathers + 1, MOST_FRUITLESS) : 0;
    gathersToSkip = fruitless ? 1 << fruitlessGathers : 0;
  }

  /**
   * Commits the running transaction. Called with the lock held once; it is given up for the I/O.
   */
  private void lead() throws IOException {
    Transaction transaction = running;
    committing = transaction;
    gateClosed = true;
    List<PendingImage> images;
    try {
      while (transaction.hasHolders()) {
        state.check();
        state.changed.awaitUninterruptibly();
      }
      state.check();
      images = snapshotUnlocked(transaction);
    } catch (IOException | RuntimeException | Error e) {
      throw state.failed(e);
    } finally {
      boolean logged = transaction.entries() > 0;
      running = new Transaction(logged ? transaction.sequence() + 1 : transaction.sequence());
      gateClosed = false;
      state.changed.signalAll();
    }
    state.lock.unlock();
    IOException failure = null;
    try {
      committer.write(transaction, images);
    } catch (IOException | RuntimeException | Error e) {
      failure = state.failed(e);
    } finally {
      state.lock.lock();
    }
    committing = null;
    expectedWaiters = transaction.waiters() + running.waiters();
    if (failure == null) {
      transaction.setDone();
      if (transaction.entries() > 0) {
        committedSequence = transaction.sequence();
      }
    }
    state.changed.signalAll();
    if (failure != null) {
      throw failure;
    }
  }

  private List<PendingImage> snapshotUnlocked(Transaction transaction) {
    state.lock.unlock();
    try {
      return transaction.snapshot(state.geometry.blockSize(), state.options.inspector());
    } finally {
      state.lock.lock();
    }
  }

  /** Lets no handle in any more. Returns false if that was so already. */
  boolean shut() {
    state.lock.lock();
    try {
      if (closing) {
        return false;
      }
      closing = true;
      state.changed.signalAll();
      return true;
    } finally {
      state.lock.unlock();
    }
  }

  /** One operation's part of a transaction. */
  private final class TransactionHandle implements Journal.Handle {

    private final Transaction transaction;
    private final Thread holder = Thread.currentThread();
    private int unused;
    private boolean closed;

    TransactionHandle(Transaction transaction, int maxBlocks) {
      this.transaction = transaction;
      this.unused = maxBlocks;
    }

    @Override
    public void log(BlockImage block) {
      state.lock.lock();
      try {
        spend(block.address());
        transaction.log(block);
      } finally {
        state.lock.unlock();
      }
    }

    @Override
    public void revoke(long address) {
      state.lock.lock();
      try {
        spend(address);
        transaction.revoke(address);
      } finally {
        state.lock.unlock();
      }
    }

    @Override
    public void ordered(OrderedData data) {
      Objects.requireNonNull(data);
      state.lock.lock();
      try {
        requireOpen();
        transaction.order(data);
      } finally {
        state.lock.unlock();
      }
    }

    @Override
    public void accompany(OrderedData data) {
      Objects.requireNonNull(data);
      state.lock.lock();
      try {
        requireOpen();
        transaction.accompany(data);
      } finally {
        state.lock.unlock();
      }
    }

    private void spend(long address) {
      requireOpen();
      if (transaction.contains(address)) {
        return;
      }
      if (unused == 0) {
        throw new IllegalStateException(
            "the operation changes more blocks than it said when it began; block "
                + address
                + " is one too many");
      }
      unused--;
      transaction.spendCredit();
    }

    private void requireOpen() {
      if (closed) {
        throw new IllegalStateException("the handle is closed");
      }
    }

    @Override
    public long sequence() {
      return transaction.sequence();
    }

    @Override
    public void close() {
      state.lock.lock();
      try {
        if (!closed) {
          closed = true;
          transaction.leave(holder, unused);
          state.changed.signalAll();
        }
      } finally {
        state.lock.unlock();
      }
    }
  }
}
