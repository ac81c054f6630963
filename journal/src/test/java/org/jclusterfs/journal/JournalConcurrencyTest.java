package org.jclusterfs.journal;

import static org.jclusterfs.journal.JournalFixture.HOME;
import static org.jclusterfs.journal.JournalFixture.LOG_START;
import static org.jclusterfs.journal.JournalFixture.block;
import static org.jclusterfs.journal.JournalFixture.commit;
import static org.jclusterfs.journal.JournalFixture.log;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.jclusterfs.journal.testing.TestBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several threads on one journal. The timeouts only turn a deadlock into a failure. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class JournalConcurrencyTest {

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void concurrentCommitsShareOneCommitAndItsDurableWrite() throws Exception {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    CountDownLatch leaderWrites = new CountDownLatch(1);
    CountDownLatch othersLogged = new CountDownLatch(8);
    AtomicBoolean first = new AtomicBoolean(true);
    fixture.disk.intercept(
        operation -> {
          if (operation.kind() == SimulatedDisk.Kind.DURABLE_WRITE && first.getAndSet(false)) {
            leaderWrites.countDown();
            await(othersLogged);
          }
        });
    List<Future<?>> commits = new ArrayList<>();
    commits.add(submit(() -> commitOf(journal, 0)));
    leaderWrites.await();
    for (int i = 1; i <= 8; i++) {
      int number = i;
      commits.add(
          submit(
              () -> {
                long sequence = log(journal, block(number).set(number));
                othersLogged.countDown();
                journal.commit(sequence);
                return null;
              }));
    }
    for (Future<?> commit : commits) {
      commit.get();
    }
    JournalStatistics statistics = journal.statistics();
    assertEquals(2, statistics.commits());
    assertEquals(2, statistics.durableWrites());
    // How many waited is the scheduler's choice: who comes late finds the commit made.
    assertTrue(statistics.sharedCommits() <= 8, "shared: " + statistics.sharedCommits());
  }

  @Test
  void commitWaitsForTheThreadThatTheLastOneReleased() throws Exception {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open(JournalFixture.OPTIONS.withGatherNanos(Long.MAX_VALUE));
    CountDownLatch leaderWrites = new CountDownLatch(1);
    CountDownLatch othersWait = new CountDownLatch(1);
    AtomicBoolean first = new AtomicBoolean(true);
    fixture.disk.intercept(
        operation -> {
          if (operation.kind() == SimulatedDisk.Kind.DURABLE_WRITE && first.getAndSet(false)) {
            leaderWrites.countDown();
            await(othersWait);
          }
        });
    Future<?> twice =
        submit(
            () -> {
              commitOf(journal, 0);
              return commitOf(journal, 1);
            });
    leaderWrites.await();
    List<Thread> others = new ArrayList<>();
    for (int i = 2; i <= 5; i++) {
      int number = i;
      Thread thread =
          new Thread(
              () -> {
                try {
                  commitOf(journal, number);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      others.add(thread);
      thread.start();
    }
    // Counted under the lock that a committer gives up only by waiting.
    while (journal.statistics().commitCalls() < 5) {
      Thread.onSpinWait();
    }
    othersWait.countDown();
    twice.get();
    for (Thread thread : others) {
      thread.join();
    }
    assertEquals(2, journal.statistics().commits());
  }

  @Test
  void whoCommitsAloneWaitsForNobody() throws Exception {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open(JournalFixture.OPTIONS.withGatherNanos(Long.MAX_VALUE));
    for (int i = 0; i < 10; i++) {
      commitOf(journal, i);
    }
    assertEquals(10, journal.statistics().commits());
  }

  @Test
  void fullLogIsCheckpointedUnderPressureWithoutDeadlock() throws Exception {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    int count = 6;
    int operations = 150;
    List<Future<?>> workers = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      int worker = t;
      workers.add(submit(() -> work(journal, worker, operations)));
    }
    for (Future<?> worker : workers) {
      worker.get();
    }
    JournalStatistics statistics = journal.statistics();
    // Whether anybody had to wait for room is up to the scheduler.
    assertTrue(statistics.checkpoints() > 0, statistics.toString());
    assertTrue(statistics.logBlocksWritten() > 5 * statistics.logBlocksTotal());
    journal.close();
    for (int t = 0; t < count; t++) {
      for (int i = 0; i < 20; i++) {
        assertEquals(operations * 3L, fixture.homeValue(100 * t + i));
      }
    }
  }

  /** Changes 20 incompressible blocks again and again, all of them at the end. */
  private static Void work(Journal journal, int worker, int operations) throws IOException {
    Random random = new Random(worker);
    LockTag lock = new LockTag(1, 0, worker);
    TestBlock[] blocks = new TestBlock[20];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = new TestBlock(HOME + 100 * worker + i, lock);
    }
    for (int n = 1; n <= operations; n++) {
      long sequence;
      try (Journal.Handle handle = journal.begin(20)) {
        for (TestBlock block : blocks) {
          if (n == operations || random.nextBoolean()) {
            handle.log(block.set(n * 3L));
          }
        }
        sequence = handle.sequence();
      }
      switch (random.nextInt(8)) {
        case 0:
          journal.commit(sequence);
          break;
        case 1:
          journal.writeBack(lock);
          assertTrue(journal.isWrittenBack(lock));
          break;
        case 2:
          journal.checkpoint();
          break;
        default:
          break;
      }
    }
    return null;
  }

  @Test
  void pairsOfSeveralThreadsAreNeverTornByAPowerCut() throws Exception {
    for (long seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      JournalFixture fixture = JournalFixture.formatted();
      Journal journal = fixture.open();
      fixture.disk.cutPowerAt(1 + random.nextInt(150));
      List<Future<Long>> workers = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int worker = t;
        workers.add(threads.submit(() -> writePairs(journal, worker)));
      }
      long[] acknowledged = new long[4];
      for (int t = 0; t < 4; t++) {
        acknowledged[t] = workers.get(t).get();
      }
      JournalFixture after = fixture.on(fixture.disk.afterPowerCut(seed));
      after.recoverWholly();
      for (int t = 0; t < 4; t++) {
        long one = after.homeValue(10 * t);
        String what = "seed " + seed + ", thread " + t;
        assertEquals(one, after.homeValue(10 * t + 5), what);
        assertTrue(one >= acknowledged[t], what + ": " + one + " < " + acknowledged[t]);
      }
    }
  }

  /** Writes one value to two blocks, until the power fails; returns the last acknowledged one. */
  private static long writePairs(Journal journal, int worker) {
    TestBlock one = block(10 * worker);
    TestBlock two = block(10 * worker + 5);
    long acknowledged = 0;
    try {
      for (long value = 1; ; value++) {
        commit(journal, one.set(value), two.set(value));
        acknowledged = value;
        if (value % 7 == 0) {
          journal.checkpoint();
        }
      }
    } catch (IOException powerIsOff) {
      return acknowledged;
    }
  }

  @Test
  void logWriteErrorReachesEveryCommitter() throws Exception {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    IOException error = new IOException("medium error");
    CountDownLatch leaderWrites = new CountDownLatch(1);
    CountDownLatch otherLogged = new CountDownLatch(1);
    fixture.disk.intercept(
        operation -> {
          if (operation.kind() == SimulatedDisk.Kind.DURABLE_WRITE
              && operation.block() > LOG_START + 1) {
            leaderWrites.countDown();
            await(otherLogged);
            throw error;
          }
        });
    Future<?> leader = submit(() -> commitOf(journal, 1));
    leaderWrites.await();
    Future<?> other =
        submit(
            () -> {
              long sequence = log(journal, block(2).set(2));
              otherLogged.countDown();
              journal.commit(sequence);
              return null;
            });
    for (Future<?> committer : List.of(leader, other)) {
      Throwable failure = assertThrows(ExecutionException.class, committer::get).getCause();
      assertEquals(JournalAbortedException.class, failure.getClass());
      assertEquals(error, failure.getCause());
    }
  }

  private static Void commitOf(Journal journal, int number) throws IOException {
    commit(journal, block(number).set(number));
    return null;
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private Future<?> submit(Callable<?> task) {
    return threads.submit(task);
  }
}
