package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.cluster.LockUnavailableException.Reason;
import org.jclusterfs.core.cluster.TestCluster.Node;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.status.ContendedLock;
import org.jclusterfs.dlm.LockEngine;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(40)
final class TwoNodesTest {

  private static final LockName INODE = ClusterLocksContract.INODE;

  private TestCluster cluster;
  private Node a;
  private Node b;

  @BeforeEach
  void setUp() throws Exception {
    cluster = new TestCluster(4);
    a = cluster.node().join();
    b = cluster.node().join();
  }

  @AfterEach
  void tearDown() throws Exception {
    cluster.close();
  }

  private static void await(java.util.concurrent.Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      Thread.sleep(5);
    }
  }

  @Test
  void bothLiveInOneView() throws Exception {
    await(() -> a.cluster.members().equals(List.of(0, 1)));
    assertEquals(List.of(0, 1), b.cluster.members());
  }

  @Test
  void exclusiveLockMovesAfterCallbacksOfItsHolder() throws Exception {
    a.locks().acquire(INODE, LockMode.EX).close();
    b.locks().acquire(INODE, LockMode.EX).close();
    assertEquals(List.of("sync NL", "invalidate EX NL"), a.callbacks.calls());
    assertEquals(LockMode.NL, a.locks().cached(INODE));
    assertEquals(LockMode.EX, b.locks().cached(INODE));
  }

  @Test
  void readerLeavesTheWriterASharedMode() throws Exception {
    a.locks().acquire(INODE, LockMode.EX).close();
    b.locks().acquire(INODE, LockMode.PR).close();
    assertEquals(List.of("sync PR", "invalidate EX PR"), a.callbacks.calls());
    assertEquals(LockMode.PR, a.locks().cached(INODE));
  }

  @Test
  void lockThatWasHeldInVainIsGivenAwayAtOnceFromThenOn() throws Exception {
    a.callbacks.busy = true;
    for (int n = 0; n < 10; n++) {
      a.locks().acquire(INODE, LockMode.EX).close();
      b.locks().acquire(INODE, LockMode.EX).close();
    }
    // Once to begin the hold, and once when it was over.
    assertTrue(a.callbacks.askedWhetherBusy.get() <= 2, "times that a hold was thought of");
  }

  @Test
  void upgradeGivesTheSharedModeUpFirstWhereOthersHoldIt() throws Exception {
    a.locks().acquire(INODE, LockMode.PR).close();
    b.locks().acquire(INODE, LockMode.PR).close();
    CompletableFuture<Void> first =
        ClusterLocksContract.async(
            () -> {
              a.locks().acquire(INODE, LockMode.EX).close();
              return null;
            });
    CompletableFuture<Void> second =
        ClusterLocksContract.async(
            () -> {
              b.locks().acquire(INODE, LockMode.EX).close();
              return null;
            });
    first.get(20, TimeUnit.SECONDS);
    second.get(20, TimeUnit.SECONDS);
    assertTrue(a.callbacks.calls().contains("invalidate PR NL"), a.callbacks.calls().toString());
  }

  private static final LockName OPEN = new LockName(LockType.OPEN.code(), 0, 77);

  /** As who frees an inode asks for its open lock: not for ever. */
  private CompletableFuture<Void> askedForInVain(Node node, AtomicReference<Runnable> cancel) {
    return ClusterLocksContract.async(
        () -> {
          node.locks().acquire(OPEN, LockMode.EX, cancel::set).close();
          return null;
        });
  }

  private static boolean isAskedFor(Node node) {
    return node.locks().census().contended(9).stream().anyMatch(ContendedLock::wantedByOther);
  }

  @Test
  void fileIsOpenedOnceMoreWhereItIsOpenWhileAnotherNodeAsksWhetherItIs() throws Exception {
    try (LockHolder open = a.locks().acquire(OPEN, LockMode.PR)) {
      AtomicReference<Runnable> cancel = new AtomicReference<>();
      CompletableFuture<Void> asking = askedForInVain(b, cancel);
      await(() -> isAskedFor(a));

      a.locks().acquire(OPEN, LockMode.PR).close();

      assertEquals(LockMode.PR, open.mode());
      cancel.get().run();
      assertThrows(ExecutionException.class, () -> asking.get(20, TimeUnit.SECONDS));
      a.locks().acquire(OPEN, LockMode.PR).close();
    }
  }

  @Test
  void fileOpenOnANodeThatHadItsOpenLockAloneIsOpenedByAnother() throws Exception {
    a.locks().acquire(OPEN, LockMode.EX).close();
    try (LockHolder open = a.locks().acquire(OPEN, LockMode.PR)) {
      AtomicReference<Runnable> cancel = new AtomicReference<>();
      CompletableFuture<Void> asking = askedForInVain(b, cancel);
      await(() -> isAskedFor(a));

      cancel.get().run();
      b.locks().acquire(OPEN, LockMode.PR).close();

      assertEquals(LockMode.PR, open.mode());
      assertThrows(ExecutionException.class, () -> asking.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void whoComesAfterOneWhoGaveUpWaitingDoesNotWaitForWhatThatOneWanted() throws Exception {
    try (LockHolder open = b.locks().acquire(OPEN, LockMode.PR)) {
      AtomicReference<Runnable> cancel = new AtomicReference<>();
      CompletableFuture<Void> asking = askedForInVain(a, cancel);
      await(() -> isAskedFor(b));
      CompletableFuture<Void> behind =
          ClusterLocksContract.async(
              () -> {
                a.locks().acquire(OPEN, LockMode.PR).close();
                return null;
              });
      await(() -> a.locks().census().contended(9).stream().anyMatch(l -> l.waiting() == 2));

      cancel.get().run();

      behind.get(20, TimeUnit.SECONDS);
      assertThrows(ExecutionException.class, () -> asking.get(20, TimeUnit.SECONDS));
      assertEquals(LockMode.PR, open.mode());
    }
  }

  private static byte[] valueFor(Node node) throws Exception {
    try (LockHolder held = node.locks().acquire(INODE, LockMode.PR)) {
      return held.value();
    }
  }

  private static byte[] bytes(int fill) {
    byte[] value = new byte[LockEngine.VALUE_SIZE];
    Arrays.fill(value, (byte) fill);
    return value;
  }

  @Test
  void whatTheLastWriterToldReachesEveryReaderButNobodyUnderExclusive() throws Exception {
    a.callbacks.value = bytes(1);
    a.locks().acquire(INODE, LockMode.EX).close();
    assertNull(valueFor(a), "nothing is told while a node may still write");
    assertArrayEquals(bytes(1), valueFor(b));
    assertArrayEquals(bytes(1), valueFor(a));
    Node c = cluster.node().join();
    assertArrayEquals(bytes(1), valueFor(c));
    b.callbacks.value = bytes(2);
    try (LockHolder writer = b.locks().acquire(INODE, LockMode.EX)) {
      assertNull(writer.value());
    }
    assertArrayEquals(bytes(2), valueFor(c));
    LockStatistics figures = c.locks().statistics();
    assertEquals(2, figures.get(LockType.INODE, LockStatistics.Counter.WITH_VALUE));
    assertEquals(0, figures.get(LockType.INODE, LockStatistics.Counter.WITHOUT_VALUE));
  }

  @Test
  void writerThatTellsNothingLeavesNoOlderValue() throws Exception {
    a.callbacks.value = bytes(1);
    a.locks().acquire(INODE, LockMode.EX).close();
    assertArrayEquals(bytes(1), valueFor(b));
    a.callbacks.value = null;
    a.locks().acquire(INODE, LockMode.EX).close();
    assertNull(valueFor(b));
    a.callbacks.value = bytes(1);
    a.locks().acquire(INODE, LockMode.EX).close();
    assertArrayEquals(bytes(1), valueFor(b));
    // Given back by itself, to a mode that tells nothing.
    b.locks().acquire(INODE, LockMode.EX).close();
    CompletableFuture<LockHolder> waiter =
        ClusterLocksContract.async(() -> a.locks().acquire(INODE, LockMode.EX));
    waiter.get(20, TimeUnit.SECONDS).close();
    a.locks().giveBack(INODE);
    assertNull(valueFor(b));
  }

  @Test
  void stateThatAWriterToldBeforeItForgotItReachesTheReader() throws Exception {
    try (LockHolder writer = a.locks().acquire(INODE, LockMode.EX)) {
      writer.tell(bytes(4));
    }
    assertArrayEquals(bytes(4), valueFor(b));
    try (LockHolder writer = b.locks().acquire(INODE, LockMode.EX)) {
      writer.tell(bytes(5));
    }
    b.locks().acquire(INODE, LockMode.EX).close();
    assertNull(valueFor(a));
  }

  @Test
  void changeWhileTheLockIsGivenAwayIsToldToo() throws Exception {
    a.callbacks.value = bytes(1);
    a.locks().acquire(INODE, LockMode.EX).close();
    AtomicInteger rounds = new AtomicInteger();
    a.callbacks.duringInvalidate =
        () -> {
          if (rounds.incrementAndGet() == 1) {
            try {
              // As a page of a mapping that comes back while the kernel drops it.
              a.locks().acquirePinning(INODE, LockMode.EX).close();
            } catch (LockUnavailableException e) {
              throw new IllegalStateException(e);
            }
            a.callbacks.value = bytes(3);
          }
          return false;
        };
    assertArrayEquals(bytes(3), valueFor(b));
    assertEquals(2, rounds.get());
  }

  @Test
  void writerThatDiedToldNothing() throws Exception {
    a.callbacks.value = bytes(1);
    b.locks().acquire(INODE, LockMode.PR).close();
    a.locks().acquire(INODE, LockMode.EX).close();
    assertArrayEquals(bytes(1), valueFor(b));
    a.locks().acquire(INODE, LockMode.EX).close();
    a.cluster.crash();
    assertNull(valueFor(b));
  }

  @Test
  void tryGetsWhatAnotherNodeOnlyCaches() throws Exception {
    a.locks().acquire(INODE, LockMode.EX).close();
    try (LockHolder got = b.locks().tryAcquire(INODE, LockMode.EX)) {
      assertNotNull(got);
      assertNull(a.locks().tryAcquire(INODE, LockMode.EX));
    }
  }

  @Test
  void countersUnderContentionAreExact() throws Exception {
    int[] counter = new int[1];
    AtomicInteger inside = new AtomicInteger();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    a.callbacks.busy = true;
    for (Node node : List.of(a, b, a, b)) {
      all.add(
          ClusterLocksContract.async(
              () -> {
                for (int i = 0; i < 200; i++) {
                  try (LockHolder holder = node.locks().acquire(INODE, LockMode.EX)) {
                    assertEquals(1, inside.incrementAndGet());
                    counter[0]++;
                    inside.decrementAndGet();
                  }
                }
                return null;
              }));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(30, TimeUnit.SECONDS);
    }
    assertEquals(800, counter[0]);
  }

  @Test
  void deadNodeIsFencedAndReplayedBeforeItsLockIsGranted() throws Exception {
    LockHolder held = a.locks().acquire(INODE, LockMode.EX);
    long incarnation = a.cluster.slot().incarnation();
    CompletableFuture<LockHolder> waiter =
        ClusterLocksContract.async(
            () -> {
              LockHolder got = b.locks().acquire(INODE, LockMode.EX);
              cluster.log.add("granted");
              return got;
            });
    Thread.sleep(100);
    a.cluster.crash();
    waiter.get(30, TimeUnit.SECONDS).close();
    held.close();
    await(() -> cluster.log.size() == 3);
    assertEquals("replay 0", cluster.log.get(0));
    assertTrue(cluster.log.contains("adopt 0"));
    assertEquals(incarnation, cluster.area().fencedIncarnation(0));
    assertTrue(cluster.area().slot(0).isFree());
    // The slot can be used again.
    Node c = cluster.node().join();
    assertEquals(0, c.cluster.slot().slot());
    c.locks().acquire(INODE, LockMode.EX).close();
  }

  @Test
  void nodeWhoseDeviceStallsStopsByItself() throws Exception {
    a.device.stall();
    await(() -> a.cluster.withdrawn() != null);
    assertEquals(
        Reason.WITHDRAWN,
        ClusterLocksContract.reason(
            ClusterLocksContract.async(() -> a.locks().acquire(INODE, LockMode.EX))));
    b.locks().acquire(INODE, LockMode.EX).close();
    await(() -> cluster.area().slot(0).isFree());
  }

  @Test
  void leavingNodeFreesItsSlotAndIsNotReplayed() throws Exception {
    a.locks().acquire(INODE, LockMode.EX).close();
    a.cluster.close();
    assertEquals(SlotDescriptor.FREE, cluster.area().slot(0).state());
    assertEquals(List.of("sync NL", "invalidate EX NL"), a.callbacks.calls());
    b.locks().acquire(INODE, LockMode.EX).close();
    await(() -> b.cluster.members().equals(List.of(1)));
    assertEquals(List.of(), cluster.log);
  }

  // ---- byte ranges

  private static RangeLocks.Range range(long start, long end, boolean exclusive, long owner) {
    return ClusterLocksContract.range(start, end, exclusive, owner);
  }

  private static boolean take(Node node, RangeLocks.Range range) throws Exception {
    return node.locks().ranges().lock(9, range, false, Cancellation.NEVER);
  }

  @Test
  void rangesOfTwoNodesExcludeEachOtherOnlyWhereTheyOverlap() throws Exception {
    assertTrue(take(a, range(0, 9, true, 1)));
    assertTrue(take(b, range(10, 19, true, 1)));
    assertFalse(take(b, range(9, 9, false, 1)));
    assertFalse(take(a, range(15, 30, true, 1)));
    RangeLocks.Range found = b.locks().ranges().test(9, range(0, 4, true, 7));
    assertEquals(new RangeLocks.Range(0, 9, true, 1, 0), found);
    assertNull(b.locks().ranges().test(9, range(20, 40, true, 7)));
  }

  @Test
  void ownerWithoutRangesGivesTheWholeUp() throws Exception {
    assertTrue(take(a, range(0, Long.MAX_VALUE, true, 1)));
    a.locks().ranges().releaseOwner(9, 1);
    assertTrue(take(b, range(0, Long.MAX_VALUE, true, 1)));
    assertFalse(take(a, range(5, 5, true, 1)));
    b.locks().ranges().unlock(9, 1, 5, 5);
    await(() -> take(a, range(5, 5, true, 1)));
    assertFalse(take(a, range(4, 4, true, 1)));
    assertFalse(take(a, range(6, 6, true, 1)));
  }

  @Test
  void rangeWaiterOnAnotherNodeIsServed() throws Exception {
    assertTrue(take(a, range(0, 99, true, 1)));
    CompletableFuture<Boolean> waiter =
        ClusterLocksContract.async(
            () -> b.locks().ranges().lock(9, range(50, 50, true, 2), true, Cancellation.NEVER));
    Thread.sleep(100);
    assertFalse(waiter.isDone());
    a.locks().ranges().unlock(9, 1, 0, 49);
    a.locks().ranges().unlock(9, 1, 51, 60);
    Thread.sleep(50);
    assertFalse(waiter.isDone());
    a.locks().ranges().unlock(9, 1, 50, 50);
    assertTrue(waiter.get(20, TimeUnit.SECONDS));
    assertFalse(take(b, range(70, 70, true, 2)));
  }

  @Test
  void rangesOfACrashedNodeAreFree() throws Exception {
    assertTrue(take(a, range(0, 99, true, 1)));
    assertFalse(take(b, range(0, 99, true, 1)));
    a.cluster.crash();
    assertTrue(b.locks().ranges().lock(9, range(0, 99, true, 1), true, Cancellation.NEVER));
  }

  @Test
  void rangeCountersUnderContentionAreExact() throws Exception {
    int[] counter = new int[1];
    AtomicInteger inside = new AtomicInteger();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    long owner = 1;
    for (Node node : List.of(a, b, a, b)) {
      long mine = owner++;
      all.add(
          ClusterLocksContract.async(
              () -> {
                RangeLocks ranges = node.locks().ranges();
                for (int i = 0; i < 150; i++) {
                  assertTrue(ranges.lock(9, range(0, 9, true, mine), true, Cancellation.NEVER));
                  assertEquals(1, inside.incrementAndGet());
                  counter[0]++;
                  inside.decrementAndGet();
                  ranges.unlock(9, mine, 0, 9);
                }
                return null;
              }));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(30, TimeUnit.SECONDS);
    }
    assertEquals(600, counter[0]);
  }
}
