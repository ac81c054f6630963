package org.jclusterfs.journal;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.jclusterfs.journal.testing.TestBlock;

/** Power cuts at random places; and that faults planted under the journal are found this way. */
final class JournalCrashTest {

  private static final int SEEDS_FOR_A_FAULT = 2000;

  @Property(tries = 600, shrinking = ShrinkingMode.OFF)
  void committedTransactionsSurviveWholeAndOthersLeaveNoTrace(@ForAll long seed)
      throws IOException {
    assertNull(new CrashScenario(seed).run());
  }

  @Example
  void missingFlushAfterTheCommitRecordIsFound() throws IOException {
    assertFound(device -> new SkippedFlush(device, SkippedFlush.Last.LOG), TestBlock.INSPECTOR);
  }

  @Example
  void missingFlushAfterOrderedDataIsFound() throws IOException {
    assertFound(device -> new SkippedFlush(device, SkippedFlush.Last.DATA), TestBlock.INSPECTOR);
  }

  @Example
  void missingFlushAfterWritesInPlaceIsFound() throws IOException {
    assertFound(device -> new SkippedFlush(device, SkippedFlush.Last.HOME), TestBlock.INSPECTOR);
  }

  @Example
  void missingFlushBetweenTailAndReuseIsFound() throws IOException {
    assertFound(device -> new SkippedFlush(device, SkippedFlush.Last.HEADER), TestBlock.INSPECTOR);
  }

  @Example
  void missingVersionCheckAtReplayIsFound() throws IOException {
    // Every block seems to have version 1 when logged and 0 at home, so images always win.
    BlockInspector blind =
        new BlockInspector() {
          private boolean isLogged;

          @Override
          public long version(ByteBuffer block, long address) {
            long version = TestBlock.INSPECTOR.version(block, address);
            isLogged =
                StackWalker.getInstance()
                    .walk(f -> f.anyMatch(x -> x.getClassName().endsWith("LogScanner")));
            return version < 0 || isLogged ? version : 0;
          }
        };
    assertFound(UnaryOperator.identity(), blind);
  }

  @Example
  void lostRevokesAreFound() throws IOException {
    assertFound(RevokesLost::new, TestBlock.INSPECTOR);
  }

  private static void assertFound(UnaryOperator<LogDevice> fault, BlockInspector inspector)
      throws IOException {
    String found = null;
    for (long seed = 0; seed < SEEDS_FOR_A_FAULT && found == null; seed++) {
      found = new CrashScenario(seed, fault, inspector).run();
    }
    assertNotNull(found, "the planted fault was not noticed");
  }

  private static class Wrapper implements LogDevice {

    private final LogDevice device;

    Wrapper(LogDevice device) {
      this.device = device;
    }

    @Override
    public int blockSize() {
      return device.blockSize();
    }

    @Override
    public long logBlocks() {
      return device.logBlocks();
    }

    @Override
    public CompletableFuture<Void> readLog(long logBlock, ByteBuffer dst) {
      return device.readLog(logBlock, dst);
    }

    @Override
    public CompletableFuture<Void> writeLog(long logBlock, ByteBuffer src) {
      return device.writeLog(logBlock, src);
    }

    @Override
    public CompletableFuture<Void> readHome(long address, ByteBuffer dst) {
      return device.readHome(address, dst);
    }

    @Override
    public CompletableFuture<Void> writeHome(long address, ByteBuffer src) {
      return device.writeHome(address, src);
    }

    @Override
    public CompletableFuture<Void> flush() {
      return device.flush();
    }
  }

  /** Leaves out the flushes that follow one kind of write. */
  private static final class SkippedFlush extends Wrapper {

    enum Last {
      LOG,
      HEADER,
      HOME,
      DATA
    }

    private final Last skipped;
    private Last last = Last.HEADER;

    SkippedFlush(LogDevice device, Last skipped) {
      super(device);
      this.skipped = skipped;
    }

    @Override
    public CompletableFuture<Void> writeLog(long logBlock, ByteBuffer src) {
      last = logBlock < LogGeometry.HEADER_BLOCKS ? Last.HEADER : Last.LOG;
      return super.writeLog(logBlock, src);
    }

    @Override
    public CompletableFuture<Void> writeHome(long address, ByteBuffer src) {
      last = address >= JournalFixture.DATA ? Last.DATA : Last.HOME;
      return super.writeHome(address, src);
    }

    @Override
    public CompletableFuture<Void> flush() {
      return last == skipped ? CompletableFuture.completedFuture(null) : super.flush();
    }
  }

  /** Turns every revoke in the log into one of a block that nobody uses. */
  private static final class RevokesLost extends Wrapper {

    RevokesLost(LogDevice device) {
      super(device);
    }

    @Override
    public CompletableFuture<Void> writeLog(long logBlock, ByteBuffer src) {
      ByteBuffer log = ByteBuffer.allocate(src.remaining()).order(ByteOrder.LITTLE_ENDIAN);
      log.put(src.duplicate()).flip();
      boolean starts = log.getInt(LogBlock.MAGIC) == LogBlock.MAGIC_DATA;
      if (starts
          && log.getInt(LogBlock.INDEX) == 0
          && log.get(LogBlock.BYTES + EntryTag.KIND) == EntryTag.KIND_REVOKE) {
        log.putLong(LogBlock.BYTES + EntryTag.ADDRESS, 1);
        reseal(log);
      }
      return super.writeLog(logBlock, log);
    }

    private void reseal(ByteBuffer log) {
      int commit = log.limit() - blockSize();
      if (log.getInt(commit + LogBlock.MAGIC) == LogBlock.MAGIC_COMMIT) {
        log.putInt(commit + CommitRecord.CHECKSUM, 0);
        CRC32C crc = new CRC32C();
        crc.update(log.duplicate());
        log.putInt(commit + CommitRecord.CHECKSUM, (int) crc.getValue());
      }
    }
  }
}
