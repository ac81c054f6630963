package org.jclusterfs.journal;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
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
  void volatileCommitIsFound() throws IOException {
    assertFound(Fault.COMMIT_FLUSH);
  }

  @Example
  void missingFlushAfterOrderedDataIsFound() throws IOException {
    assertFound(Fault.ORDERED_FLUSH);
  }

  @Example
  void missingOrderedDataIsFound() throws IOException {
    assertFound(Fault.ORDERED_DATA);
  }

  @Example
  void missingFlushAfterWritesInPlaceIsFound() throws IOException {
    assertFound(Fault.TAIL_FLUSH);
  }

  @Example
  void volatileTailIsFound() throws IOException {
    assertFound(VolatileHeaders::new, JournalFixture.OPTIONS);
  }

  @Example
  void missingVersionCheckAtReplayIsFound() throws IOException {
    assertFound(Fault.REPLAY_VERSION);
  }

  @Example
  void missingChecksumOfTransactionsIsFound() throws IOException {
    assertFound(Fault.TRANSACTION_CHECKSUM);
  }

  @Example
  void missingChecksumOfBlocksIsFound() throws IOException {
    assertFound(
        UnaryOperator.identity(), JournalFixture.OPTIONS.withInspector(TestBlock.BLIND_INSPECTOR));
  }

  @Example
  void lostRevokesAreFound() throws IOException {
    assertFound(Fault.REVOKE);
  }

  private static void assertFound(Fault fault) throws IOException {
    assertFound(UnaryOperator.identity(), Faults.plant(JournalFixture.OPTIONS, fault));
  }

  private static void assertFound(UnaryOperator<LogDevice> faults, JournalOptions options)
      throws IOException {
    String found = null;
    for (long seed = 0; seed < SEEDS_FOR_A_FAULT && found == null; seed++) {
      found = new CrashScenario(seed, faults, options).run();
    }
    assertNotNull(found, "the planted fault was not noticed");
  }

  /** Does not write headers durably. */
  private static final class VolatileHeaders implements LogDevice {

    private final LogDevice device;

    VolatileHeaders(LogDevice device) {
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
    public CompletableFuture<Void> writeLogDurably(long logBlock, ByteBuffer src) {
      return logBlock < LogGeometry.HEADER_BLOCKS
          ? device.writeLog(logBlock, src)
          : device.writeLogDurably(logBlock, src);
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
}
