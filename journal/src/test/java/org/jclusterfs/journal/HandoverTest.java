package org.jclusterfs.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.jclusterfs.journal.testing.SimulatedLogDevice;
import org.jclusterfs.journal.testing.TestBlock;
import org.junit.jupiter.api.Test;

/**
 * A lock goes from one node to another, which changes what the lock covers: in every state that a
 * power cut can leave, the second node's transaction is there only with the first one's.
 */
final class HandoverTest {

  private static final long SECOND_LOG = 5000;
  private static final long SHARED = JournalFixture.HOME + 1;
  private static final long FIRSTS = JournalFixture.HOME + 2;

  private final JournalFixture fixture = formatted();
  private final SimulatedLogDevice second = secondNode(fixture.disk);

  private static JournalFixture formatted() {
    try {
      JournalFixture fixture = JournalFixture.formatted();
      Journal.format(secondNode(fixture.disk), JournalFixture.VOLUME, 1);
      return fixture;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static SimulatedLogDevice secondNode(SimulatedDisk disk) {
    return new SimulatedLogDevice(disk, SECOND_LOG, LogGeometry.MIN_LOG_BLOCKS);
  }

  /**
   * The first node changes two blocks in one transaction and hands the lock of one of them over;
   * the second changes that one again, from what it finds in place. Power is cut.
   *
   * @return values of the two blocks after recovery, for every subset of volatile blocks that may
   *     land
   */
  private List<long[]> afterPowerCuts(Fault... faults) throws IOException {
    JournalOptions options = Faults.plant(JournalFixture.OPTIONS, faults);
    Journal one = Journal.open(fixture.device, JournalFixture.VOLUME, 0, options);
    Journal two = Journal.open(second, JournalFixture.VOLUME, 1, options);
    TestBlock shared = new TestBlock(SHARED, JournalFixture.LOCK);
    JournalFixture.log(
        one, shared.set(10), new TestBlock(FIRSTS, JournalFixture.OTHER_LOCK).set(10));
    one.writeBack(JournalFixture.LOCK);

    byte[] found = fixture.home(SHARED);
    long seen = TestBlock.valueOf(found);
    TestBlock taken = new TestBlock(SHARED, JournalFixture.LOCK);
    if (TestBlock.INSPECTOR.version(ByteBuffer.wrap(found), SHARED) > 0) {
      taken.raise();
    }
    JournalFixture.commit(two, taken.set(seen + 1));

    int blocks = fixture.disk.volatileBlocks();
    List<long[]> results = new ArrayList<>();
    for (int subset = 0; subset < 1 << Math.min(blocks, 8); subset++) {
      int landed = subset;
      results.add(recovered(fixture.disk.afterPowerCut(i -> (landed >> i & 1) != 0)));
    }
    return results;
  }

  private long[] recovered(SimulatedDisk survivor) throws IOException {
    JournalFixture after = fixture.on(survivor);
    after.recoverWholly();
    RecoveredLog other =
        Journal.recover(secondNode(survivor), JournalFixture.VOLUME, 1, JournalFixture.OPTIONS);
    other.replay(JournalFixture.ALL);
    return new long[] {
      TestBlock.valueOf(after.home(SHARED)), TestBlock.valueOf(after.home(FIRSTS))
    };
  }

  @Test
  void secondNodesTransactionHasTheFirstOnesBeneathIt() throws IOException {
    for (long[] values : afterPowerCuts()) {
      assertEquals(11, values[0]);
      assertEquals(10, values[1]);
    }
  }

  @Test
  void missingWriteInPlaceBeforeTheHandoverIsFound() throws IOException {
    assertNotEquals(11, afterPowerCuts(Fault.HANDOVER_WRITE).get(0)[0]);
  }

  @Test
  void volatileCommitBeforeTheHandoverIsFound() throws IOException {
    long[] nothingLanded = afterPowerCuts(Fault.HANDOVER_COMMIT).get(0);
    assertEquals(11, nothingLanded[0]);
    assertNotEquals(10, nothingLanded[1]);
  }
}
