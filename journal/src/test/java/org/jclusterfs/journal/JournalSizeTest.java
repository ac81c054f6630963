package org.jclusterfs.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Journals of the smallest and the largest usual length write twenty times as much, and after a
 * power cut anywhere in between they hold what was committed.
 */
final class JournalSizeTest {

  private static final int BLOCK = JournalFixture.BLOCK;
  private static final int TIMES = 20;
  private static final int HEADER = 40;
  private static final byte[] NOISE = new byte[1 << 20];

  static {
    new Random(1).nextBytes(NOISE);
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  /** A block whose rest does not compress, or does, for one value in four. */
  private static final class Block implements BlockImage {
    private final long address;
    private long version;
    private volatile long value;

    Block(long address) {
      this.address = address;
    }

    @Override
    public long address() {
      return address;
    }

    @Override
    public LockTag lock() {
      return new LockTag(1, 0, address / 64);
    }

    @Override
    public void snapshot(ByteBuffer dst) {
      byte[] block = new byte[BLOCK];
      ByteBuffer view = ByteBuffer.wrap(block);
      view.putLong(8, address).putLong(16, ++version).putLong(24, value);
      if (value % 4 != 0) {
        int from = (int) ((value * 31 + address * 17) % (NOISE.length - BLOCK));
        System.arraycopy(NOISE, from, block, HEADER, BLOCK - HEADER);
      }
      view.putInt(0, checksum(block));
      dst.put(block);
    }
  }

  private static int checksum(byte[] block) {
    CRC32C crc = new CRC32C();
    crc.update(block, 4, BLOCK - 4);
    return (int) crc.getValue() | 1;
  }

  private static long version(ByteBuffer given, long address) {
    byte[] block = new byte[BLOCK];
    given.slice().get(block);
    ByteBuffer view = ByteBuffer.wrap(block);
    boolean valid = view.getLong(8) == address && view.getInt(0) == checksum(block);
    return valid ? view.getLong(16) : BlockInspector.INVALID;
  }

  private static final JournalOptions OPTIONS =
      JournalOptions.defaults().withInspector(JournalSizeTest::version);

  /** One thread's blocks, and which of its transactions gave each of them its values. */
  private static final class Worker {
    private final Random random;
    private final Block[] blocks;
    private final Map<Block, List<long[]>> history = new HashMap<>();
    private long acknowledged;

    Worker(int number, int count) {
      random = new Random(number);
      blocks = new Block[count];
      for (int i = 0; i < count; i++) {
        blocks[i] = new Block(JournalFixture.HOME + (long) number * count + i);
      }
    }

    /** One transaction of a few blocks, or of many. */
    void step(Journal journal) throws IOException {
      int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 400 : 60);
      long sequence;
      try (Journal.Handle handle = journal.begin(count)) {
        sequence = handle.sequence();
        for (int i = 0; i < count; i++) {
          Block block = blocks[random.nextInt(blocks.length)];
          synchronized (this) {
            block.value++;
            history
                .computeIfAbsent(block, key -> new ArrayList<>())
                .add(new long[] {sequence, block.value});
          }
          handle.log(block);
        }
      }
      journal.commit(sequence);
      synchronized (this) {
        acknowledged = sequence;
      }
    }

    /** Compares with what recovery made of the disk. */
    synchronized void compare(JournalFixture after, long last) throws IOException {
      for (Block block : blocks) {
        long expected = 0;
        for (long[] change : history.getOrDefault(block, List.of())) {
          expected = change[0] <= last ? change[1] : expected;
        }
        byte[] home = after.home(block.address());
        assertEquals(expected, ByteBuffer.wrap(home).getLong(24), "block " + block.address());
      }
    }

    /** Forgets what no power cut from now on can bring back. */
    synchronized void forget() {
      history.values().forEach(all -> all.removeIf(c -> c[0] <= acknowledged && c != last(all)));
    }

    private static long[] last(List<long[]> all) {
      return all.get(all.size() - 1);
    }
  }

  /** What a power cut leaves, and what was acknowledged by then. */
  private record Cut(SimulatedDisk survivor, long acknowledged) {
    static Cut of(JournalFixture fixture, Journal journal, long seed) {
      long acknowledged = journal.committedSequence();
      return new Cut(fixture.disk.afterPowerCut(seed), acknowledged);
    }
  }

  /** Runs workers until the log was written so many times over; power is cut now and then. */
  private void fill(
      long logBlocks, JournalOptions options, int workers, int blocksEach, int cuts, int latestCut)
      throws Exception {
    Random random = new Random(logBlocks);
    JournalFixture fixture = JournalFixture.formatted(logBlocks);
    Journal journal = fixture.open(options);
    long wanted = TIMES * logBlocks;
    List<Worker> all = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      all.add(new Worker(i, blocksEach));
    }
    for (int cut = 1; cut <= cuts; cut++) {
      long until = wanted * cut / cuts;
      all.forEach(Worker::forget);
      AtomicReference<Cut> taken = new AtomicReference<>();
      AtomicInteger left = new AtomicInteger(1 + random.nextInt(latestCut));
      fixture.disk.intercept(
          operation -> {
            if (operation.kind() != SimulatedDisk.Kind.READ && left.decrementAndGet() == 0) {
              taken.set(Cut.of(fixture, journal, random.nextLong()));
            }
          });
      List<Future<?>> running = new ArrayList<>();
      for (Worker worker : all) {
        running.add(
            threads.submit(
                () -> {
                  while (journal.statistics().logBlocksWritten() < until) {
                    worker.step(journal);
                  }
                  return null;
                }));
      }
      for (Future<?> each : running) {
        each.get();
      }
      fixture.disk.takeHistory();
      if (taken.get() == null) {
        taken.set(Cut.of(fixture, journal, random.nextLong()));
      }
      JournalFixture after = fixture.on(taken.get().survivor());
      RecoveredLog log =
          Journal.recover(after.device, JournalFixture.VOLUME, 0, JournalSizeTest::version);
      assertTrue(log.lastSequence() >= taken.get().acknowledged());
      log.replay(JournalFixture.ALL);
      log.markClean();
      for (Worker worker : all) {
        worker.compare(after, log.lastSequence());
      }
    }
    JournalStatistics statistics = journal.statistics();
    assertTrue(statistics.roomWaits() > 0, statistics.toString());
    assertEquals(options.compress(), statistics.compressedImages() > 0, statistics.toString());
    journal.close();
  }

  @Test
  void eightMebibytesSurviveTwentyTimesTheirSizeFromSeveralThreads() throws Exception {
    fill(2048, OPTIONS, 6, 700, 10, 500);
  }

  @Test
  void twoHundredFiftySixMebibytesSurviveTwentyTimesTheirSize() throws Exception {
    fill(65536, OPTIONS.withCompress(false), 3, 9000, 3, 20_000);
  }
}
