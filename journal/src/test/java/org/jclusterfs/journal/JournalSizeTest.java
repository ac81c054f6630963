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
import java.util.zip.CRC32C;
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
    private long value;

    /** Value when the journal was opened. */
    private long before;

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

    /** Makes transactions until the log was written so far, or the power is off. */
    void work(Journal journal, long until) {
      try {
        while (journal.statistics().logBlocksWritten() < until) {
          step(journal);
        }
      } catch (IOException powerIsOff) {
        return;
      }
    }

    /** One transaction of a few blocks, or of many. */
    private void step(Journal journal) throws IOException {
      int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 400 : 60);
      long sequence;
      try (Journal.Handle handle = journal.begin(count)) {
        sequence = handle.sequence();
        for (int i = 0; i < count; i++) {
          Block block = blocks[random.nextInt(blocks.length)];
          block.value++;
          history
              .computeIfAbsent(block, key -> new ArrayList<>())
              .add(new long[] {sequence, block.value});
          handle.log(block);
        }
      }
      journal.commit(sequence);
      acknowledged = sequence;
    }

    /** Compares with what recovery made of the disk, and goes on from there. */
    void compare(JournalFixture after, long last) throws IOException {
      assertTrue(acknowledged <= last, acknowledged + " was acknowledged, " + last + " is there");
      for (Map.Entry<Block, List<long[]>> entry : history.entrySet()) {
        Block block = entry.getKey();
        long expected = block.before;
        for (long[] change : entry.getValue()) {
          expected = change[0] <= last ? change[1] : expected;
        }
        ByteBuffer home = ByteBuffer.wrap(after.home(block.address()));
        assertEquals(expected, home.getLong(24), "block " + block.address());
        block.version = home.getLong(16);
        block.value = expected;
        block.before = expected;
      }
      history.clear();
    }
  }

  /** Runs workers until the log was written so many times over, with power cuts in between. */
  private void fill(
      long logBlocks, JournalOptions options, int workers, int blocksEach, int cuts, int latestCut)
      throws Exception {
    Random random = new Random(logBlocks);
    List<Worker> all = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      all.add(new Worker(i, blocksEach));
    }
    JournalFixture fixture = JournalFixture.formatted(logBlocks);
    long left = TIMES * logBlocks;
    while (left > 0) {
      Journal journal = fixture.open(options);
      long most = TIMES * logBlocks / cuts;
      runAll(all, journal, most);
      fixture.disk.takeHistory();
      fixture.disk.cutPowerAt(1 + random.nextInt(latestCut));
      runAll(all, journal, Long.MAX_VALUE);
      JournalStatistics statistics = journal.statistics();
      assertTrue(statistics.roomWaits() > 0, statistics.toString());
      assertEquals(options.compress(), statistics.compressedImages() > 0, statistics.toString());
      left -= statistics.logBlocksWritten();

      fixture = fixture.on(fixture.disk.afterPowerCut(random.nextLong()));
      RecoveredLog log =
          Journal.recover(fixture.device, JournalFixture.VOLUME, 0, JournalSizeTest::version);
      log.replay(JournalFixture.ALL);
      log.markClean();
      for (Worker worker : all) {
        worker.compare(fixture, log.lastSequence());
      }
    }
  }

  private void runAll(List<Worker> all, Journal journal, long until) throws Exception {
    List<Future<?>> running = new ArrayList<>();
    for (Worker worker : all) {
      running.add(threads.submit(() -> worker.work(journal, until)));
    }
    for (Future<?> each : running) {
      each.get();
    }
  }

  @Test
  void eightMebibytesSurviveTwentyTimesTheirSizeFromSeveralThreads() throws Exception {
    fill(2048, OPTIONS, 6, 700, 10, 500);
  }

  @Test
  void twoHundredFiftySixMebibytesSurviveTwentyTimesTheirSize() throws Exception {
    fill(65536, OPTIONS.withCompress(false), 3, 3000, 3, 5000);
  }
}
