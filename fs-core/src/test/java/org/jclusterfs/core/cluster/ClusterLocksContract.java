package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.cluster.LockUnavailableException.Reason;
import org.jclusterfs.dlm.LockEngine;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every implementation of {@link ClusterLocks} does on one node. */
@Timeout(30)
abstract class ClusterLocksContract {

  static final LockName INODE = new LockName(LockType.INODE.code(), 0, 77);

  ClusterLocks locks;
  final RecordingCallbacks callbacks = new RecordingCallbacks();

  abstract ClusterLocks open() throws Exception;

  abstract void withdraw(ClusterLocks locks, Throwable cause);

  @BeforeEach
  void setUp() throws Exception {
    locks = open();
    locks.register(LockType.INODE, callbacks);
  }

  @AfterEach
  void tearDown() {
    locks.close();
  }

  static <T> CompletableFuture<T> async(java.util.concurrent.Callable<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(call.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  static Reason reason(CompletableFuture<?> waiter) throws Exception {
    try {
      waiter.get(20, TimeUnit.SECONDS);
      return null;
    } catch (java.util.concurrent.ExecutionException e) {
      return ((LockUnavailableException) e.getCause()).reason();
    }
  }

  @Test
  void modeStaysCachedAfterItsHolderClosed() throws Exception {
    assertEquals(LockMode.NL, locks.cached(INODE));
    locks.acquire(INODE, LockMode.PR).close();
    assertEquals(LockMode.PR, locks.cached(INODE));
    locks.acquire(INODE, LockMode.EX).close();
    assertEquals(LockMode.EX, locks.cached(INODE));
    locks.acquire(INODE, LockMode.PR).close();
    assertEquals(LockMode.EX, locks.cached(INODE));
  }

  @Test
  void sharedHoldersShareAndExcludeAnExclusiveOne() throws Exception {
    LockHolder first = locks.acquire(INODE, LockMode.PR);
    LockHolder second = locks.acquire(INODE, LockMode.PR);
    assertNull(locks.tryAcquire(INODE, LockMode.EX));
    CompletableFuture<LockHolder> exclusive = async(() -> locks.acquire(INODE, LockMode.EX));
    first.close();
    first.close();
    assertNull(locks.tryAcquire(INODE, LockMode.EX));
    second.close();
    LockHolder holder = exclusive.get(20, TimeUnit.SECONDS);
    assertEquals(LockMode.EX, holder.mode());
    assertEquals(INODE, holder.name());
    assertNull(locks.tryAcquire(INODE, LockMode.PR));
    holder.close();
    LockHolder last = locks.tryAcquire(INODE, LockMode.PR);
    assertNotNull(last);
    last.close();
  }

  @Test
  void whatAWriterTellsIsKnownUntilTheNextWriter() throws Exception {
    byte[] told = new byte[LockEngine.VALUE_SIZE];
    try (LockHolder writer = locks.acquire(INODE, LockMode.EX)) {
      assertNull(writer.value());
      writer.tell(told);
    }
    try (LockHolder reader = locks.acquire(INODE, LockMode.PR)) {
      assertSame(told, reader.value());
      assertThrows(IllegalStateException.class, () -> reader.tell(told));
    }
    locks.acquire(INODE, LockMode.EX).close();
    try (LockHolder reader = locks.acquire(INODE, LockMode.PR)) {
      assertNull(reader.value());
    }
  }

  @Test
  void waitersAreServedInOrder() throws Exception {
    LockHolder holder = locks.acquire(INODE, LockMode.EX);
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int number = i;
      CountDownLatch started = new CountDownLatch(1);
      AtomicReference<Thread> thread = new AtomicReference<>();
      all.add(
          async(
              () -> {
                thread.set(Thread.currentThread());
                started.countDown();
                try (LockHolder mine = locks.acquire(INODE, LockMode.EX)) {
                  order.add(number);
                }
                return null;
              }));
      started.await();
      while (thread.get().getState() != Thread.State.WAITING) {
        Thread.sleep(1);
      }
    }
    holder.close();
    for (CompletableFuture<Void> one : all) {
      one.get(20, TimeUnit.SECONDS);
    }
    assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7), order);
  }

  @Test
  void sharedNewcomerQueuesBehindWaitingExclusive() throws Exception {
    LockHolder reader = locks.acquire(INODE, LockMode.PR);
    CompletableFuture<LockHolder> writer = async(() -> locks.acquire(INODE, LockMode.EX));
    LockHolder early = locks.tryAcquire(INODE, LockMode.PR);
    while (early != null) {
      early.close();
      Thread.sleep(1);
      early = locks.tryAcquire(INODE, LockMode.PR);
    }
    CompletableFuture<LockHolder> late = async(() -> locks.acquire(INODE, LockMode.PR));
    reader.close();
    LockHolder held = writer.get(20, TimeUnit.SECONDS);
    assertFalse(late.isDone());
    held.close();
    late.get(20, TimeUnit.SECONDS).close();
  }

  @Test
  void cancelledWaiterLeavesTheQueue() throws Exception {
    LockHolder holder = locks.acquire(INODE, LockMode.EX);
    AtomicReference<Runnable> cancel = new AtomicReference<>();
    CompletableFuture<LockHolder> waiter =
        async(() -> locks.acquire(INODE, LockMode.EX, cancel::set));
    while (cancel.get() == null) {
      Thread.sleep(1);
    }
    cancel.get().run();
    assertEquals(Reason.CANCELLED, reason(waiter));
    holder.close();
    locks.acquire(INODE, LockMode.EX).close();
  }

  @Test
  void closeRunsTheCallbacksOfCachedLocks() throws Exception {
    locks.acquire(INODE, LockMode.EX).close();
    locks.close();
    assertEquals(List.of("sync NL", "invalidate EX NL"), callbacks.calls());
  }

  @Test
  void givenBackLockRunsCallbacksAndIsForgotten() throws Exception {
    locks.acquire(INODE, LockMode.PR).close();
    locks.giveBack(INODE);
    while (locks.cached(INODE) != LockMode.NL) {
      Thread.sleep(1);
    }
    assertEquals(List.of("invalidate PR NL"), callbacks.calls());
  }

  @Test
  void syncRunsAgainAfterInvalidateProducedWrites() throws Exception {
    AtomicReference<Boolean> dirty = new AtomicReference<>(true);
    callbacks.duringInvalidate = () -> dirty.getAndSet(false);
    locks.acquire(INODE, LockMode.EX).close();
    locks.close();
    assertEquals(
        List.of("sync NL", "invalidate EX NL", "sync NL", "invalidate EX NL"), callbacks.calls());
  }

  @Test
  void pinningHolderIsServedDuringDemotionAndInvalidateRunsAgain() throws Exception {
    AtomicReference<Boolean> first = new AtomicReference<>(true);
    callbacks.duringInvalidate =
        () -> {
          if (first.getAndSet(false)) {
            CompletableFuture<Void> read =
                async(
                    () -> {
                      locks.acquirePinning(INODE, LockMode.PR).close();
                      return null;
                    });
            // The kernel drops the page only when the read has been answered.
            read.orTimeout(20, TimeUnit.SECONDS).join();
          }
          return false;
        };
    locks.acquire(INODE, LockMode.EX).close();
    locks.close();
    assertEquals(
        List.of("sync NL", "invalidate EX NL", "sync NL", "invalidate EX NL"), callbacks.calls());
  }

  @Test
  void endlessPinningReadersDoNotHoldADemotionUp() throws Exception {
    AtomicReference<Boolean> stop = new AtomicReference<>(false);
    callbacks.duringInvalidate =
        () -> {
          try {
            Thread.sleep(2);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return false;
        };
    locks.acquire(INODE, LockMode.EX).close();
    List<CompletableFuture<Void>> readers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      readers.add(
          async(
              () -> {
                while (!stop.get()) {
                  locks.acquirePinning(INODE, LockMode.PR).close();
                }
                return null;
              }));
    }
    locks.giveBack(INODE);
    while (locks.cached(INODE) == LockMode.EX) {
      Thread.sleep(1);
    }
    stop.set(true);
    for (CompletableFuture<Void> reader : readers) {
      reader.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void failedSyncWithdrawsTheNode() throws Exception {
    callbacks.failure = new IOException("planted");
    locks.acquire(INODE, LockMode.EX).close();
    locks.giveBack(INODE);
    assertEquals(
        Reason.WITHDRAWN,
        reason(
            async(
                () -> {
                  while (true) {
                    locks.acquire(INODE, LockMode.EX).close();
                  }
                })));
  }

  @Test
  void withdrawalFailsWaitersAndNewcomers() throws Exception {
    LockHolder holder = locks.acquire(INODE, LockMode.EX);
    CompletableFuture<LockHolder> waiter = async(() -> locks.acquire(INODE, LockMode.PR));
    CompletableFuture<Boolean> range =
        async(
            () -> {
              locks.ranges().lock(5, whole(1), true, Cancellation.NEVER);
              return locks.ranges().lock(5, whole(2), true, Cancellation.NEVER);
            });
    Thread.sleep(20);
    withdraw(locks, new IOException("planted"));
    assertEquals(Reason.WITHDRAWN, reason(waiter));
    assertEquals(Reason.WITHDRAWN, reason(range));
    LockUnavailableException refused =
        assertThrows(
            LockUnavailableException.class,
            () -> locks.acquire(new LockName(LockType.OPEN.code(), 0, 1), LockMode.PR));
    assertEquals(Reason.WITHDRAWN, refused.reason());
    holder.close();
  }

  @Test
  void manyThreadsOnFewLocksExcludeEachOther() throws Exception {
    int[] counters = new int[3];
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int t = 0; t < 6; t++) {
      int seed = t;
      all.add(
          async(
              () -> {
                java.util.Random random = new java.util.Random(seed);
                for (int i = 0; i < 2000; i++) {
                  int which = random.nextInt(counters.length);
                  LockName name = new LockName(LockType.INODE.code(), 0, which);
                  if (random.nextInt(50) == 0) {
                    locks.giveBack(name);
                  }
                  if (random.nextInt(4) == 0) {
                    locks.acquire(name, LockMode.PR).close();
                  }
                  try (LockHolder holder = locks.acquire(name, LockMode.EX)) {
                    counters[which]++;
                  }
                }
                return null;
              }));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(25, TimeUnit.SECONDS);
    }
    assertEquals(12000, counters[0] + counters[1] + counters[2]);
  }

  // ---- byte ranges

  static RangeLocks.Range whole(long owner) {
    return range(0, Long.MAX_VALUE, true, owner);
  }

  static RangeLocks.Range range(long start, long end, boolean exclusive, long owner) {
    return new RangeLocks.Range(start, end, exclusive, owner, (int) owner + 1000);
  }

  private boolean take(RangeLocks.Range range) throws Exception {
    return locks.ranges().lock(9, range, false, Cancellation.NEVER);
  }

  @Test
  void conflictingRangeIsRefusedAndNamedWithItsPid() throws Exception {
    assertTrue(take(range(10, 19, true, 1)));
    assertFalse(take(range(19, 30, false, 2)));
    assertTrue(take(range(20, 30, false, 2)));
    RangeLocks.Range found = locks.ranges().test(9, range(0, 50, false, 3));
    assertEquals(range(10, 19, true, 1), found);
    assertNull(locks.ranges().test(9, range(0, 9, true, 3)));
  }

  @Test
  void unlockSplitsARange() throws Exception {
    assertTrue(take(range(0, 99, true, 1)));
    locks.ranges().unlock(9, 1, 40, 59);
    assertTrue(take(range(40, 59, true, 2)));
    assertFalse(take(range(39, 39, true, 2)));
    assertFalse(take(range(60, 60, true, 2)));
    locks.ranges().releaseOwner(9, 1);
    assertTrue(take(whole(2)));
  }

  @Test
  void ownRangeChangesModeInPlace() throws Exception {
    assertTrue(take(range(0, 9, true, 1)));
    assertTrue(take(range(0, 9, false, 1)));
    assertTrue(take(range(0, 9, false, 2)));
    assertFalse(take(range(0, 9, true, 1)));
  }

  @Test
  void waitingRangeIsGrantedWhenTheOtherGoes() throws Exception {
    assertTrue(take(range(0, 9, true, 1)));
    CompletableFuture<Boolean> waiter =
        async(() -> locks.ranges().lock(9, range(5, 5, true, 2), true, Cancellation.NEVER));
    Thread.sleep(20);
    assertFalse(waiter.isDone());
    locks.ranges().unlock(9, 1, 0, 9);
    assertTrue(waiter.get(20, TimeUnit.SECONDS));
  }

  @Test
  void cancelledRangeWaiterEnds() throws Exception {
    assertTrue(take(whole(1)));
    AtomicReference<Runnable> cancel = new AtomicReference<>();
    CompletableFuture<Boolean> waiter =
        async(() -> locks.ranges().lock(9, whole(2), true, cancel::set));
    while (cancel.get() == null) {
      Thread.sleep(1);
    }
    cancel.get().run();
    assertEquals(Reason.CANCELLED, reason(waiter));
    locks.ranges().releaseOwner(9, 1);
    assertTrue(take(whole(3)));
  }

  @Test
  void cycleOfRangeOwnersIsRefused() throws Exception {
    assertTrue(take(range(0, 0, true, 1)));
    assertTrue(take(range(1, 1, true, 2)));
    CompletableFuture<Boolean> waiter =
        async(() -> locks.ranges().lock(9, range(1, 1, true, 1), true, Cancellation.NEVER));
    Thread.sleep(50);
    assertEquals(
        Reason.DEADLOCK,
        reason(
            async(() -> locks.ranges().lock(9, range(0, 0, true, 2), true, Cancellation.NEVER))));
    locks.ranges().releaseOwner(9, 2);
    assertTrue(waiter.get(20, TimeUnit.SECONDS));
  }
}
