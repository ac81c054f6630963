package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What two nodes say to each other about a thousand locks at once. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ManyLocksTest {
  private static final int COUNT = 1000;
  private static final int FEW = 12;

  private TestCluster cluster;
  private TestCluster.Node a;
  private TestCluster.Node b;

  @BeforeEach
  void join() throws Exception {
    cluster = new TestCluster(2);
    a = cluster.new Node().join();
    b = cluster.new Node().join();
  }

  @AfterEach
  void close() throws Exception {
    cluster.close();
  }

  private static List<LockName> names() {
    List<LockName> names = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      names.add(new LockName(LockType.INODE.code(), 0, 100 + i));
    }
    return names;
  }

  private static void useAll(TestCluster.Node node) throws Exception {
    for (LockName name : names()) {
      node.locks().acquire(name, LockMode.EX).close();
    }
  }

  private long messages() {
    return a.locks().messagesSent() + b.locks().messagesSent();
  }

  private static void eventually(Callable<Boolean> condition) throws Exception {
    for (int i = 0; i < 1000 && !condition.call(); i++) {
      Thread.sleep(10);
    }
    assertTrue(condition.call(), "did not happen within 10 s");
  }

  private static long cached(TestCluster.Node node, LockMode mode) {
    return names().stream().filter(name -> node.locks().cached(name) == mode).count();
  }

  @Test
  void locksAskedForInAdvanceComeInFewMessagesAndOneCommit() throws Exception {
    useAll(a);
    long before = messages();
    b.locks().prefetch(names());
    eventually(() -> cached(b, LockMode.PR) == COUNT);
    assertEquals(COUNT, cached(a, LockMode.PR));
    assertTrue(messages() - before <= FEW, messages() - before + " messages");
    assertTrue(Collections.frequency(a.callbacks.calls(), "sync many") <= FEW);
    assertEquals(COUNT, Collections.frequency(a.callbacks.calls(), "sync PR"));
  }

  @Test
  void aLockInUseDelaysNoneOfTheOthers() throws Exception {
    useAll(a);
    LockName used = names().get(COUNT / 2);
    try (LockHolder holder = a.locks().acquire(used, LockMode.EX)) {
      b.locks().prefetch(names());
      eventually(() -> cached(b, LockMode.PR) == COUNT - 1);
      assertEquals(LockMode.EX, holder.mode());
    }
    eventually(() -> b.locks().cached(used) == LockMode.PR);
  }

  @Test
  void aLockWhoseCachesComeBackIsSyncedAgainAndTheOthersGo() throws Exception {
    useAll(a);
    int[] times = {0};
    a.callbacks.duringInvalidate = () -> times[0]++ == 7;
    b.locks().prefetch(names());
    eventually(() -> cached(b, LockMode.PR) == COUNT);
    assertEquals(COUNT + 1, Collections.frequency(a.callbacks.calls(), "sync PR"));
  }

  @Test
  void whatIsUsedOrCachedAlreadyIsNotAskedForInAdvance() throws Exception {
    useAll(a);
    a.locks().prefetch(names());
    assertEquals(COUNT, cached(a, LockMode.EX));
    long before = messages();
    b.locks().prefetch(List.of());
    assertEquals(before, messages());
  }

  @Test
  void aNodeThatLeavesGivesAllItsLocksBackInFewMessages() throws Exception {
    // The region is the other's, so that each of these is told.
    a.locks().acquire(new LockName(LockType.INODE.code(), 0, 1), LockMode.EX).close();
    b.locks().prefetch(names());
    eventually(() -> cached(b, LockMode.PR) == COUNT);
    long before = b.locks().messagesSent();
    b.locks().close();
    assertTrue(b.locks().messagesSent() - before <= FEW, b.locks().messagesSent() - before + "");
    useAll(a);
  }
}
