package org.jclusterfs.journal;

import static org.jclusterfs.journal.JournalFixture.ALL;
import static org.jclusterfs.journal.JournalFixture.HOME;
import static org.jclusterfs.journal.JournalFixture.LOCK;
import static org.jclusterfs.journal.JournalFixture.OTHER_LOCK;
import static org.jclusterfs.journal.JournalFixture.VOLUME;
import static org.jclusterfs.journal.JournalFixture.block;
import static org.jclusterfs.journal.JournalFixture.commit;
import static org.jclusterfs.journal.JournalFixture.log;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.jclusterfs.journal.testing.SimulatedLogDevice;
import org.jclusterfs.journal.testing.TestBlock;
import org.junit.jupiter.api.Test;

final class JournalTest {

  @Test
  void formattedJournalIsClean() throws IOException {
    RecoveredLog log = JournalFixture.formatted().recover();
    assertTrue(log.clean());
    assertTrue(log.images().isEmpty());
  }

  @Test
  void tooShortLogIsRefused() {
    SimulatedLogDevice device = new SimulatedLogDevice(new SimulatedDisk(4096, 5000), 10, 255);
    IOException e =
        assertThrows(JournalFormatException.class, () -> Journal.format(device, VOLUME, 0));
    assertTrue(e.getMessage().contains("at least 256 blocks"), e.getMessage());
  }

  @Test
  void committedBlocksAreReplayedAfterPowerCut() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(11), block(2).set(12));
    assertEquals(0, fixture.homeValue(1));

    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    RecoveredLog log = after.recover();
    assertFalse(log.clean());
    assertEquals(2, log.images().size());
    LoggedImage first = log.images().iterator().next();
    assertEquals(HOME + 1, first.address());
    assertEquals(LOCK, first.lock());
    assertEquals(1, first.version());
    assertEquals(2, log.replay(ALL).written());
    log.markClean();
    assertEquals(11, after.homeValue(1));
    assertEquals(12, after.homeValue(2));
    assertTrue(after.recover().clean());
  }

  @Test
  void uncommittedBlocksAreNotReplayed() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(1));
    log(journal, block(2).set(2));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> true));
    after.recoverWholly();
    assertEquals(1, after.homeValue(1));
    assertEquals(0, after.homeValue(2));
  }

  @Test
  void newestImageOfABlockIsReplayed() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    TestBlock block = block(1);
    for (int value = 1; value <= 5; value++) {
      commit(journal, block.set(value));
    }
    assertEquals(4, journal.statistics().supersededImages());
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    assertEquals(1, after.recoverWholly().written());
    assertEquals(5, after.homeValue(1));
  }

  @Test
  void homeBlockWithSameOrHigherVersionIsNotOverwritten() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    TestBlock block = block(1).set(1);
    commit(journal, block);
    block.set(77).raise();
    fixture.disk.write(block.address(), ByteBuffer.wrap(block.encode(4096)));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> true));
    ReplayResult result = after.recoverWholly();
    assertEquals(1, result.alreadyNewer());
    assertEquals(77, after.homeValue(1));
  }

  @Test
  void filterIsAskedOnlyForInvalidHomeBlocks() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    TestBlock valid = block(1).set(1);
    fixture.disk.write(valid.address(), ByteBuffer.wrap(valid.encode(4096)));
    commit(journal, valid.set(2), block(5).set(3));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> true));
    ReplayResult result =
        after
            .recover()
            .replay(
                (address, lock) -> {
                  assertEquals(HOME + 5, address);
                  assertEquals(LOCK, lock);
                  return false;
                });
    assertEquals(new ReplayResult(2, 1, 0, 1, 1), result);
    assertEquals(2, after.homeValue(1));
    assertEquals(0, after.homeValue(5));
  }

  @Test
  void replayOfASubsetLeavesTheRest() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    commit(fixture.open(), block(1).set(1), block(2).set(2));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    RecoveredLog log = after.recover();
    assertEquals(1, log.replay(image -> image.address() == HOME + 2, ALL).images());
    assertEquals(0, after.homeValue(1));
    assertEquals(2, after.homeValue(2));
  }

  @Test
  void revokedBlockIsNeitherWrittenNorReplayed() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(1), block(2).set(2));
    try (Journal.Handle handle = journal.begin(1)) {
      handle.revoke(HOME + 1);
    }
    journal.commitAll();
    assertFalse(journal.readPending(HOME + 1, ByteBuffer.allocate(4096)));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    assertEquals(1, after.recover().images().size());
    journal.close();
    assertEquals(0, fixture.homeValue(1));
    assertEquals(2, fixture.homeValue(2));
  }

  @Test
  void blockLoggedAgainAfterItsRevokeIsReplayed() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    TestBlock block = block(1).set(1);
    commit(journal, block);
    try (Journal.Handle handle = journal.begin(1)) {
      handle.revoke(block.address());
    }
    journal.commitAll();
    commit(journal, block.set(9));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    after.recoverWholly();
    assertEquals(9, after.homeValue(1));
  }

  @Test
  void writeBackBringsOneLockHome() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    TestBlock other = new TestBlock(HOME + 2, OTHER_LOCK).set(2);
    log(journal, block(1).set(1), other);
    assertFalse(journal.isWrittenBack(LOCK));
    journal.writeBack(LOCK);
    assertTrue(journal.isWrittenBack(LOCK));
    assertFalse(journal.isWrittenBack(OTHER_LOCK));
    assertEquals(1, fixture.homeValue(1));
    assertEquals(0, fixture.homeValue(2));
    ByteBuffer pending = ByteBuffer.allocate(4096);
    assertTrue(journal.readPending(HOME + 2, pending));
    assertEquals(2, TestBlock.valueOf(pending.array()));
  }

  @Test
  void closedJournalIsCleanAndInPlace() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    log(journal, block(1).set(1));
    journal.close();
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    assertTrue(after.recover().clean());
    assertEquals(1, after.homeValue(1));
  }

  @Test
  void journalInUseIsNotOpenedAgain() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    fixture.open();
    IOException e = assertThrows(JournalFormatException.class, fixture::open);
    assertTrue(e.getMessage().contains("recovered first"), e.getMessage());
  }

  @Test
  void journalOfAnotherSlotOrVolumeIsRefused() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    assertThrows(
        JournalFormatException.class,
        () -> Journal.open(fixture.device, VOLUME, 1, JournalFixture.OPTIONS));
    assertThrows(
        JournalFormatException.class,
        () -> Journal.open(fixture.device, new java.util.UUID(1, 2), 0, JournalFixture.OPTIONS));
  }

  @Test
  void sequenceGoesOnAcrossReopenAndRecovery() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(1));
    commit(journal, block(1).set(2));
    long last = journal.committedSequence();
    journal.close();
    Journal second = fixture.open();
    assertEquals(last + 1, second.runningSequence());
    long running = log(second, block(2).set(3));
    JournalFixture after = fixture.on(fixture.disk.afterPowerCut(i -> false));
    after.recoverWholly();
    Journal third = after.open();
    assertTrue(third.runningSequence() > running);
    commit(third, block(3).set(4));
    JournalFixture again = after.on(after.disk.afterPowerCut(i -> false));
    assertEquals(1, again.recover().images().size());
  }

  @Test
  void abortFailsLaterCallsAndLeavesTheJournalDirty() throws IOException {
    JournalFixture fixture = JournalFixture.formatted();
    Journal journal = fixture.open();
    commit(journal, block(1).set(1));
    long open = log(journal, block(2).set(2));
    IOException cause = new IOException("fenced");
    journal.abort(cause);
    fixture.disk.takeHistory();
    for (org.junit.jupiter.api.function.Executable call :
        java.util.List.<org.junit.jupiter.api.function.Executable>of(
            () -> journal.begin(1),
            () -> journal.commit(open),
            journal::commitAll,
            () -> journal.writeBack(LOCK),
            journal::checkpoint)) {
      IOException e = assertThrows(JournalAbortedException.class, call);
      assertEquals(cause, e.getCause());
    }
    journal.close();
    assertTrue(fixture.disk.takeHistory().isEmpty());
    RecoveredLog log = fixture.recover();
    assertFalse(log.clean());
    assertEquals(1, log.images().size());
  }

  @Test
  void tooLargeOperationIsRefused() throws IOException {
    Journal journal = JournalFixture.formatted().open();
    int most = journal.maxTransactionBlocks();
    assertTrue(most >= 50, "of 254 log blocks: " + most);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> journal.begin(most + 1));
    assertTrue(e.getMessage().contains("split it"), e.getMessage());
    journal.begin(most).close();
  }

  @Test
  void handleRefusesMoreBlocksThanItReserved() throws IOException {
    Journal journal = JournalFixture.formatted().open();
    try (Journal.Handle handle = journal.begin(1)) {
      TestBlock block = block(1).set(1);
      handle.log(block);
      handle.log(block);
      assertThrows(IllegalStateException.class, () -> handle.log(block(2)));
    }
  }

  @Test
  void threadWithOpenHandleMustNotBeginOrCommit() throws IOException {
    Journal journal = JournalFixture.formatted().open();
    try (Journal.Handle handle = journal.begin(1)) {
      handle.log(block(1).set(1));
      assertThrows(IllegalStateException.class, () -> journal.begin(1));
      assertThrows(IllegalStateException.class, () -> journal.commit(handle.sequence()));
      assertThrows(IllegalStateException.class, () -> journal.writeBack(LOCK));
    }
  }
}
