package org.jclusterfs.journal;

import static org.jclusterfs.journal.JournalFixture.DATA;
import static org.jclusterfs.journal.JournalFixture.HOME;
import static org.jclusterfs.journal.JournalFixture.LOCK;
import static org.jclusterfs.journal.JournalFixture.LOG_START;
import static org.jclusterfs.journal.JournalFixture.block;
import static org.jclusterfs.journal.JournalFixture.commit;
import static org.jclusterfs.journal.JournalFixture.log;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.jclusterfs.journal.testing.TestBlock;
import org.junit.jupiter.api.Test;

/** In which order a journal writes and flushes, and what recovery makes of damaged logs. */
final class JournalOrderTest {

  /**
   * What the disk saw: L log, C log durably, H journal header (durably), D data, M metadata in
   * place, F flush.
   */
  private static String trace(JournalFixture fixture) {
    StringBuilder trace = new StringBuilder();
    for (SimulatedDisk.Operation operation : fixture.disk.takeHistory()) {
      if (operation.kind() == SimulatedDisk.Kind.FLUSH) {
        trace.append('F');
      } else if (operation.kind() != SimulatedDisk.Kind.READ) {
        long block = operation.block();
        boolean durably = operation.kind() == SimulatedDisk.Kind.DURABLE_WRITE;
        char log = block < LOG_START + 2 ? 'H' : durably ? 'C' : 'L';
        trace.append(block >= DATA ? 'D' : block >= HOME ? 'M' : log);
      }
    }
    return trace.toString();
  }

  @Test
  void commitOfMetadataIsOneDurableWrite() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    fixture.disk.takeHistory();
    commit(journal, block(1).set(1));
    assertEquals("C", trace(fixture));
  }

  /** What an operation adds to its transaction. */
  private interface Change {
    void in(Journal.Handle handle, OrderedData data);
  }

  /** The trace of the commit of one change. */
  private static String traceOfCommit(Change change) throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    fixture.disk.takeHistory();
    try (Journal.Handle handle = journal.begin(1)) {
      change.in(handle, dataOf(fixture));
    }
    journal.commitAll();
    return trace(fixture);
  }

  @Test
  void dataWrittenOverIsDurableWithItsTransaction() throws IOException {
    assertEquals(
        "DLF",
        traceOfCommit(
            (handle, data) -> {
              handle.log(block(1).set(1));
              handle.accompany(data);
            }));
  }

  @Test
  void dataWrittenOverWaitsWithOrderedData() throws IOException {
    assertEquals(
        "DDFC",
        traceOfCommit(
            (handle, data) -> {
              handle.log(block(1).set(1));
              handle.accompany(data);
              handle.ordered(data);
            }));
  }

  @Test
  void transactionAcrossTheEndOfTheRingIsMadeDurableByOneFlush() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open(JournalFixture.OPTIONS.withCompress(false));
    // Each takes three log blocks, and the ring's 254 are no multiple of that.
    for (int i = 0; i < 84; i++) {
      commit(journal, block(1).set(i));
    }
    fixture.disk.takeHistory();
    journal.checkpoint();
    commit(journal, block(1).set(100));
    assertEquals("MFHLLF", trace(fixture));
  }

  private static OrderedData dataOf(JournalFixture fixture) {
    return () -> fixture.device.writeHome(DATA, ByteBuffer.allocate(JournalFixture.BLOCK));
  }

  @Test
  void orderedDataIsDurableBeforeTheLogIsWritten() throws IOException {
    assertEquals(
        "DFC",
        traceOfCommit(
            (handle, data) -> {
              handle.log(block(1).set(1));
              handle.ordered(data);
              handle.ordered(data);
            }));
  }

  @Test
  void dataOnlyTransactionIsFlushedAndTakesNoSequence() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    fixture.disk.takeHistory();
    long sequence;
    try (Journal.Handle handle = journal.begin(1)) {
      handle.ordered(
          () -> fixture.device.writeHome(DATA, ByteBuffer.allocate(JournalFixture.BLOCK)));
      sequence = handle.sequence();
    }
    journal.commit(sequence);
    assertEquals("DF", trace(fixture));
    journal.commit(sequence);
    assertEquals("", trace(fixture));
    assertEquals(sequence, journal.runningSequence());
  }

  @Test
  void failedOrderedWriteKeepsTheTransactionOutOfTheLog() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    fixture.disk.takeHistory();
    IOException error = new IOException("medium error");
    try (Journal.Handle handle = journal.begin(1)) {
      handle.log(block(1).set(1));
      handle.ordered(() -> CompletableFuture.failedFuture(error));
    }
    IOException e = assertThrows(IOException.class, journal::commitAll);
    assertEquals(error, e.getCause());
    assertEquals("", trace(fixture));
  }

  @Test
  void failedWriteInPlaceReachesTheCaller() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(1));
    fixture.disk.intercept(
        operation -> {
          throw new IOException("medium error");
        });
    assertThrows(JournalAbortedException.class, () -> journal.writeBack(LOCK));
    assertThrows(JournalAbortedException.class, () -> journal.begin(1));
  }

  @Test
  void checkpointFlushesBetweenWritesInPlaceAndTheTail() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    fixture.disk.takeHistory();
    log(journal, block(1).set(1), block(2).set(2), block(4).set(4));
    journal.checkpoint();
    assertEquals("CMMFH", trace(fixture));
    assertEquals(2, journal.statistics().homeRequests());
  }

  @Test
  void logBlockOfEveryCutOffTransactionIsIgnored() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(3));
    fixture.disk.ignoreFlushes(true);
    commit(journal, block(1).set(6), block(2).set(6), block(3).set(6));
    int blocks = fixture.disk.volatileBlocks();
    assertTrue(blocks >= 4, "log blocks: " + blocks);
    for (int missing = 0; missing < blocks; missing++) {
      int left = missing;
      for (SimulatedDisk survivor :
          List.of(
              fixture.disk.afterPowerCut(i -> i != left),
              fixture.disk.afterPowerCut(i -> i < left))) {
        JournalFixture after = fixture.on(survivor);
        after.recoverWholly();
        assertEquals(3, after.homeValue(1));
        assertEquals(0, after.homeValue(2));
      }
    }
    JournalFixture whole = fixture.on(fixture.disk.afterPowerCut(i -> true));
    whole.recoverWholly();
    assertEquals(6, whole.homeValue(3));
  }

  /**
   * What recovery brings home of a transaction whose log was volatile when it was read, if the
   * power fails between the two blocks that it changed.
   *
   * @param faults left out of recovery
   * @return values of the two blocks after another recovery; two equal ones are right
   */
  private static List<Long> afterPowerCutWithinReplay(Fault... faults) throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(3), block(5).set(3));
    // As the last write of a node does that dies before its flush and whose write lands.
    fixture.disk.ignoreFlushes(true);
    commit(journal, block(1).set(6), block(5).set(6));
    fixture.disk.ignoreFlushes(false);
    JournalOptions options = Faults.plant(JournalFixture.OPTIONS, faults);
    RecoveredLog log = Journal.recover(fixture.device, JournalFixture.VOLUME, 0, options);
    log.replay(JournalFixture.ALL);
    int newest = fixture.disk.volatileBlocks() - 1;
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> i == newest));
    after.recoverWholly();
    return List.of(after.homeValue(1), after.homeValue(5));
  }

  @Test
  void logThatIsReplayedIsDurableBeforeAnyOfItComesHome() throws IOException {
    assertEquals(List.of(6L, 6L), afterPowerCutWithinReplay());
    assertEquals(List.of(3L, 6L), afterPowerCutWithinReplay(Fault.REPLAY_LOG_FLUSH));
  }

  @Test
  void damagedCommittedTransactionIsReportedAndNotSkippedSilently() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(1));
    commit(journal, block(2).set(2));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> true));
    after.disk.flipBit(LOG_START + 2, 8 * 200);
    RecoveredLog log = after.recover();
    assertTrue(log.damage().isPresent());
    assertThrows(JournalFormatException.class, () -> log.replay(JournalFixture.ALL));
    assertThrows(JournalFormatException.class, log::markClean);
    log.acceptDamage();
    log.markClean();
    assertTrue(after.recover().clean());
  }

  @Test
  void eitherHeaderCopyMayBeTorn() throws IOException {
    for (int copy = 0; copy < 2; copy++) {
      JournalFixture fixture = JournalFixture.formatted();
      Journal journal = fixture.open();
      commit(journal, block(1).set(1));
      journal.checkpoint();
      commit(journal, block(2).set(2));
      JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> true));
      after.disk.flipBit(LOG_START + copy, 8 * 57);
      after.recoverWholly();
      assertEquals(1, after.homeValue(1));
      assertEquals(2, after.homeValue(2));
    }
  }

  @Test
  void logWithoutValidHeaderIsRefused() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    fixture.disk.flipBit(LOG_START, 100);
    fixture.disk.flipBit(LOG_START + 1, 100);
    IOException e = assertThrows(JournalFormatException.class, fixture::recover);
    assertTrue(e.getMessage().contains("fsck"), e.getMessage());
  }

  @Test
  void logWrapsManyTimes() throws IOException {
    for (boolean compress : new boolean[] {true, false}) {
      JournalFixture fixture = JournalFixture.formatted(257);
      Journal journal = fixture.open(JournalFixture.OPTIONS.withCompress(compress));
      List<TestBlock> blocks = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        blocks.add(block(i));
      }
      for (int n = 1; n <= 1500; n++) {
        try (Journal.Handle handle = journal.begin(7)) {
          for (int i = 0; i < 1 + n % 7; i++) {
            handle.log(blocks.get((n * 7 + i) % 40).set(n));
          }
        }
        journal.commitAll();
        if (n % 250 == 0) {
          JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
          after.recoverWholly();
          for (int i = 0; i < 40; i++) {
            assertEquals(blocks.get(i).value(), after.homeValue(i));
          }
        }
      }
      JournalStatistics statistics = journal.statistics();
      assertTrue(
          statistics.logBlocksWritten() > 15 * statistics.logBlocksTotal(), statistics.toString());
      assertFalse(compress && statistics.compressedImages() == 0);
    }
  }

  @Test
  void largeTransactionsGoOutInLargeRequests() throws IOException {
    JournalFixture fixture = JournalFixture.formatted(4096);
    Journal journal = fixture.open();
    fixture.disk.takeHistory();
    try (Journal.Handle handle = journal.begin(600)) {
      for (int i = 0; i < 600; i++) {
        handle.log(block(i).set(3));
      }
    }
    journal.writeBackAll();
    JournalStatistics statistics = journal.statistics();
    long logRequests = trace(fixture).chars().filter(c -> c == 'L').count();
    assertEquals((statistics.logBlocksWritten() + 63) / 64, logRequests);
    assertEquals(10, statistics.homeRequests());
  }
}
