package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.LockStatistics;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.cluster.RangeLocks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two mounts of one volume in one process, joined by the real lock manager on loopback. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class TwoNodesTest extends TwoMounts {
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void endThreads() {
    threads.shutdownNow();
  }

  /** Runs the same work on both nodes at once. */
  private void onBoth(Work work) throws Exception {
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      int node = i;
      Callable<Void> task =
          () -> {
            work.run(node == 0 ? a : b, node);
            return null;
          };
      running.add(threads.submit(task));
    }
    for (Future<?> each : running) {
      each.get(100, TimeUnit.SECONDS);
    }
  }

  private interface Work {
    void run(TestVolume node, int number) throws Exception;
  }

  @Test
  void nodesThatCopyBetweenTwoFilesInBothDirectionsDoNotWaitForEachOther() throws Exception {
    int half = 1_500_000;
    byte[] content = new byte[half];
    new Random(1).nextBytes(content);
    for (String name : List.of("one", "two")) {
      a.write(a.create(root, name), 0, content);
    }
    onBoth(
        (node, number) -> {
          OpenFile from = node.open(node.lookup(root, "one").inode(), TestVolume.O_RDWR);
          OpenFile to = node.open(node.lookup(root, "two").inode(), TestVolume.O_RDWR);
          for (int round = 0; round < 8; round++) {
            OpenFile source = (number + round) % 2 == 0 ? from : to;
            OpenFile target = source == from ? to : from;
            assertEquals(
                half, node.vfs.copyRange(source, 0, target, half, half, 0, Cancellation.NEVER));
          }
        });
    for (String name : List.of("one", "two")) {
      OpenFile file = b.open(b.lookup(root, name).inode(), 0);
      assertArrayEquals(content, b.read(file, 0, half));
      assertArrayEquals(content, b.read(file, half, half));
    }
  }

  @Test
  void fileThatNodesReadAndThenChangeInTurnIsAskedForOnceEachTime() throws Exception {
    OpenFile here = a.create(root, "counter");
    OpenFile there = b.open(b.lookup(root, "counter").inode(), TestVolume.O_RDWR);
    a.write(here, 0, new byte[1]);
    raiseInTurn(here, there, 0, 2); // once by each node to learn it
    long before = inodeRequests();
    raiseInTurn(here, there, 2, 20);
    assertEquals(20, inodeRequests() - before, "requests for 20 turns");
  }

  @Test
  void nodeThatOnlyReadsAgainAsksForTheSharedModeAgain() throws Exception {
    OpenFile here = a.create(root, "counter");
    OpenFile there = b.open(b.lookup(root, "counter").inode(), TestVolume.O_RDWR);
    a.write(here, 0, new byte[1]);
    raiseInTurn(here, there, 0, 4);
    for (int turn = 0; turn < 3; turn++) {
      a.write(here, 0, new byte[1]);
      b.read(there, 0, 1);
    }
    // With the shared mode on both nodes neither asks again.
    long before = inodeRequests();
    a.read(here, 0, 1);
    b.read(there, 0, 1);
    a.read(here, 0, 1);
    assertEquals(0, inodeRequests() - before);
  }

  /** Each node in turn reads a number and writes the next. */
  private void raiseInTurn(OpenFile here, OpenFile there, int from, int turns) throws Exception {
    for (int turn = from; turn < from + turns; turn++) {
      TestVolume node = turn % 2 == 0 ? b : a;
      OpenFile file = turn % 2 == 0 ? there : here;
      assertEquals(turn, node.read(file, 0, 1)[0]);
      node.write(file, 0, new byte[] {(byte) (turn + 1)});
    }
  }

  private long inodeRequests() {
    long requests = 0;
    for (TestVolume node : List.of(a, b)) {
      LockStatistics statistics = ((FileSystem) node.vfs).locks().statistics();
      requests += statistics.get(LockType.INODE, LockStatistics.Counter.REQUESTS);
    }
    return requests;
  }

  @Test
  void whatOneNodeWritesTheOtherReadsAtOnce() throws Exception {
    OpenFile made = a.create(root, "f");
    for (int i = 0; i < 20; i++) {
      byte[] text = ("round " + i).getBytes(StandardCharsets.UTF_8);
      a.write(made, 0, text);
      OpenFile there = b.open(b.lookup(root, "f").inode(), 0);
      assertArrayEquals(text, b.read(there, 0, 100));
      b.vfs.release(there, 0);
    }
    byte[] large = new byte[300_000];
    new Random(1).nextBytes(large);
    a.write(made, 0, large);
    OpenFile there = b.open(made.inode(), TestVolume.O_RDWR);
    assertArrayEquals(large, b.read(there, 0, large.length));
    b.write(there, 100_000, new byte[1000]);
    assertArrayEquals(new byte[1000], a.read(made, 100_000, 1000));
  }

  @Test
  void bothAppendToOneFileAndNothingIsLost() throws Exception {
    a.vfs.release(a.create(root, "log"), 0);
    onBoth(
        (node, number) -> {
          long inode = node.lookup(root, "log").inode();
          OpenFile file = node.open(inode, 1 | OpenHandle.O_APPEND);
          for (int i = 0; i < 200; i++) {
            ByteBuffer record = ByteBuffer.allocate(64);
            while (record.hasRemaining()) {
              record.putInt(number).putInt(i);
            }
            assertEquals(64, node.write(file, 0, record.array()));
          }
          node.vfs.release(file, 0);
        });
    OpenFile file = b.open(b.lookup(root, "log").inode(), 0);
    ByteBuffer all = ByteBuffer.wrap(b.read(file, 0, 1 << 20));
    assertEquals(2 * 200 * 64, all.capacity());
    TreeSet<Long> records = new TreeSet<>();
    for (int at = 0; at < all.capacity(); at += 64) {
      long record = all.getLong(at);
      for (int i = 8; i < 64; i += 8) {
        assertEquals(record, all.getLong(at + i), "torn record");
      }
      records.add(record);
    }
    assertEquals(400, records.size());
  }

  @Test
  void bothCreateInOneDirectoryAndEveryNameIsThere() throws Exception {
    long dir = a.makeDirectory(root, "shared").inode();
    onBoth(
        (node, number) -> {
          for (int i = 0; i < 150; i++) {
            OpenFile file = node.create(dir, "n" + number + "-" + i);
            node.write(file, 0, new byte[1024]);
            node.vfs.release(file, 0);
          }
        });
    assertEquals(300, new TreeSet<>(a.list(dir)).size());
    assertEquals(a.list(dir), b.list(dir));
    onBoth(
        (node, number) -> {
          for (int i = 0; i < 150; i++) {
            node.unlink(dir, "n" + (1 - number) + "-" + i);
          }
        });
    assertEquals(List.of(), b.list(dir));
  }

  @Test
  void countersUnderFlockLoseNoIncrement() throws Exception {
    onBoth(
        (node, number) -> {
          Random random = new Random(number);
          for (int i = 0; i < 150; i++) {
            OpenFile file = node.create(root, "sess_" + random.nextInt(5), TestVolume.O_RDWR);
            node.vfs.flock(file, i + 1, Vfs.FlockMode.EXCLUSIVE, true, Cancellation.NEVER);
            byte[] read = node.read(file, 0, 100);
            int count = read.length == 0 ? 0 : ByteBuffer.wrap(read).getInt();
            node.truncate(file.inode(), 0);
            node.write(file, 0, ByteBuffer.allocate(4).putInt(count + 1).array());
            node.vfs.release(file, i + 1);
          }
        });
    int sum = 0;
    for (int i = 0; i < 5; i++) {
      OpenFile file = a.open(a.lookup(root, "sess_" + i).inode(), 0);
      sum += ByteBuffer.wrap(a.read(file, 0, 4)).getInt();
    }
    assertEquals(300, sum);
  }

  @Test
  void countersUnderFcntlLocksLoseNoIncrement() throws Exception {
    OpenFile made = a.create(root, "counter");
    a.write(made, 0, new byte[4]);
    a.vfs.release(made, 0);
    onBoth(
        (node, number) -> {
          OpenFile file = node.open(node.lookup(root, "counter").inode(), TestVolume.O_RDWR);
          RangeLocks.Range range = new RangeLocks.Range(0, 3, true, 77, 5);
          for (int i = 0; i < 150; i++) {
            node.vfs.lockRange(file, range, true, Cancellation.NEVER);
            int count = ByteBuffer.wrap(node.read(file, 0, 4)).getInt();
            node.write(file, 0, ByteBuffer.allocate(4).putInt(count + 1).array());
            node.vfs.unlockRange(file, 77, 0, 3);
          }
          node.vfs.release(file, 0);
        });
    OpenFile file = b.open(b.lookup(root, "counter").inode(), 0);
    assertEquals(300, ByteBuffer.wrap(b.read(file, 0, 4)).getInt());
  }

  @Test
  void fileUnlinkedByOneNodeStaysReadableOnTheOtherUntilItsClose() throws Exception {
    OpenFile made = a.create(root, "held");
    a.write(made, 0, new byte[] {1, 2, 3});
    a.vfs.release(made, 0);
    OpenFile open = b.open(b.lookup(root, "held").inode(), 0);
    a.unlink(root, "held");
    assertThrows(FsException.class, () -> b.lookup(root, "held"));
    Thread.sleep(1000);
    assertArrayEquals(new byte[] {1, 2, 3}, b.read(open, 0, 10));
    b.vfs.release(open, 0);
    TestVolume.eventually(
        () -> {
          try {
            b.attributes(open.inode());
            return false;
          } catch (FsException e) {
            return e.failure() == FsException.Failure.STALE;
          }
        });
  }

  @Test
  void fileRemovedAfterItWasLookedUpIsTheOneLookedUpUntilItIsFreed() throws Exception {
    OpenFile made = a.create(root, "name");
    a.write(made, 0, new byte[] {1, 2, 3});
    OpenFile better = a.create(root, "better");
    long looked = b.lookup(root, "name").inode();
    a.rename(root, "better", root, "name"); // the old file stays for as long as it is open here

    OpenFile open = b.open(looked, TestVolume.O_RDWR);
    assertArrayEquals(new byte[] {1, 2, 3}, b.read(open, 0, 10));
    b.vfs.release(open, 0);
    assertEquals(0, b.attributes(looked).linkCount());
    b.truncate(looked, 1);
    assertEquals(1, a.attributes(looked).size());
    assertThrows(
        FsException.class,
        () ->
            b.vfs.link(
                InodeId.ofNumber(looked), InodeId.ofNumber(root), TestVolume.name("l"), x -> {}));

    a.vfs.release(made, 0);
    a.vfs.release(better, 0);
    TestVolume.eventually(
        () -> {
          try {
            b.vfs.release(b.open(looked, 0), 0);
            return false;
          } catch (FsException e) {
            return e.failure() == FsException.Failure.STALE;
          }
        });
  }

  @Test
  void kernelIsToldToForgetNamesOfTheRootThatAnotherNodeChanged() throws Exception {
    AtomicInteger forgotten = new AtomicInteger();
    b.vfs.attach(
        new KernelCaches() {
          @Override
          public void invalidateNames() {
            forgotten.incrementAndGet();
          }
        });
    a.vfs.release(a.create(root, "old"), 0);
    b.lookup(root, "old");
    a.rename(root, "old", root, "new");
    assertTrue(forgotten.get() > 0);
    b.lookup(root, "new");
  }

  @Test
  void renamesAcrossDirectoriesFromBothSidesKeepEveryFile() throws Exception {
    long left = a.makeDirectory(root, "left").inode();
    long right = a.makeDirectory(root, "right").inode();
    for (int i = 0; i < 20; i++) {
      a.vfs.release(a.create(left, "l" + i), 0);
      a.vfs.release(a.create(right, "r" + i), 0);
    }
    onBoth(
        (node, number) -> {
          for (int i = 0; i < 20; i++) {
            if (number == 0) {
              node.rename(left, "l" + i, right, "l" + i);
            } else {
              node.rename(right, "r" + i, left, "r" + i);
            }
          }
        });
    assertEquals(20, a.list(left).size());
    assertEquals(20, b.list(right).size());
  }
}
