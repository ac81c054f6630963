package org.jclusterfs.dlm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class LockEngineTest {
  // Region 0 has its directory entry at slot 1 and is mastered by whoever uses it first.
  private static final LockName NAME = new LockName(2, 0, 77);

  private static byte[] value(int first) {
    byte[] value = new byte[LockEngine.VALUE_SIZE];
    value[0] = (byte) first;
    return value;
  }

  @Test
  void locallyMasteredLockCostsNoMessage() {
    Transcript t = Transcript.open(1, 2, 3);
    long before = t.at(1).messagesSent();
    long id = t.request(1, NAME, LockMode.EX, 0);
    t.convert(1, id, LockMode.PR, null);
    t.unlock(1, id, null);
    assertEquals(before, t.at(1).messagesSent());
    assertEquals(0, t.at(1).resourceCount());
  }

  @Test
  void holderIsCalledBackAndTheWaiterServed() {
    Transcript t = Transcript.open(1, 2, 3);
    long writer = t.request(2, NAME, LockMode.EX, 0);
    long reader = t.request(3, NAME, LockMode.PR, 0);
    t.convert(2, writer, LockMode.PR, null);
    t.unlock(2, writer, null);
    t.unlock(3, reader, null);
    assertEquals(
        """
        2: 201 granted EX
        2: 201 blocks PR
        2: 201 granted PR
        3: 301 granted PR""",
        t.take());
  }

  @Test
  void queuedExclusiveIsNotOvertakenByLaterReaders() {
    Transcript t = Transcript.open(1, 2, 3);
    final long first = t.request(1, NAME, LockMode.PR, 0);
    final long writer = t.request(2, NAME, LockMode.EX, 0);
    t.request(3, NAME, LockMode.PR, 0);
    t.unlock(1, first, null);
    t.unlock(2, writer, null);
    assertEquals(
        """
        1: 101 granted PR
        1: 101 blocks EX
        2: 201 granted EX
        2: 201 blocks PR
        3: 301 granted PR""",
        t.take());
  }

  @Test
  void conversionsThatWaitForEachOtherAreADeadlock() {
    Transcript t = Transcript.open(1, 2, 3);
    final long a = t.request(2, NAME, LockMode.PR, 0);
    final long b = t.request(3, NAME, LockMode.PR, 0);
    t.convert(2, a, LockMode.EX, null);
    t.convert(3, b, LockMode.EX, null);
    t.unlock(3, b, null);
    assertEquals(
        """
        2: 201 granted PR
        3: 301 granted PR
        3: 301 blocks EX
        3: 301 denied DEADLOCK
        2: 201 granted EX""",
        t.take());
  }

  @Test
  void refusedTryNamesTheBlocker() {
    Transcript t = Transcript.open(1, 2, 3);
    t.request(2, NAME, LockMode.EX, 0, new LockRange(10, 19));
    t.request(3, NAME, LockMode.PR, LockFlags.NOQUEUE, new LockRange(15, 30));
    t.request(3, NAME, LockMode.EX, LockFlags.NOQUEUE, new LockRange(20, 30));
    t.request(2, NAME, LockMode.EX, 0, new LockRange(0, 99));
    assertEquals(
        """
        2: 201 granted EX
        3: 301 denied WOULD_WAIT Blocker[slot=2, range=10-19, mode=EX, cookie=2000]
        3: 302 granted EX
        3: 302 blocks EX""",
        t.take());
  }

  @Test
  void testNamesTheBlockerAndTakesNothing() {
    Transcript t = Transcript.open(1, 2, 3);
    t.request(2, NAME, LockMode.EX, 0, new LockRange(10, 19));
    t.at(3).test(1, NAME, LockMode.PR, new LockRange(0, 10), 0);
    t.at(3).test(2, NAME, LockMode.PR, new LockRange(20, 29), 0);
    t.settle();
    assertEquals(
        """
        2: 201 granted EX
        3: tested Blocker[slot=2, range=10-19, mode=EX, cookie=2000]
        3: tested null""",
        t.take());
  }

  @Test
  void cancelledRequestEndsInOneDenialAndLetsOthersPass() {
    Transcript t = Transcript.open(1, 2, 3);
    t.request(1, NAME, LockMode.PR, 0);
    long writer = t.request(2, NAME, LockMode.EX, 0);
    t.request(3, NAME, LockMode.PR, 0);
    t.take();
    t.at(2).cancel(writer);
    t.at(2).cancel(writer);
    t.settle();
    assertEquals("2: 201 denied CANCELLED\n3: 301 granted PR", t.take());
  }

  @Test
  void valueWrittenByTheWriterReachesTheNextReader() {
    Transcript t = Transcript.open(1, 2, 3);
    long writer = t.request(2, NAME, LockMode.EX, 0);
    long reader = t.request(3, NAME, LockMode.PR, LockFlags.VALUE);
    t.convert(2, writer, LockMode.PR, value(9));
    assertArrayEquals(value(9), t.grants.get(reader).value());
    assertEquals(1, t.grants.get(reader).valueGeneration());
  }

  @Test
  void writerWhoGivesNoValueSpoilsIt() {
    Transcript t = Transcript.open(1, 2, 3);
    t.request(3, NAME, LockMode.NL, 0);
    long writer = t.request(2, NAME, LockMode.EX, 0);
    t.convert(2, writer, LockMode.NL, value(9));
    t.convert(2, writer, LockMode.EX, null);
    assertArrayEquals(value(9), t.grants.get(writer).value());
    t.unlock(2, writer, null);
    long reader = t.request(3, NAME, LockMode.PR, LockFlags.VALUE);
    assertNull(t.grants.get(reader).value());
    assertEquals(2, t.grants.get(reader).valueGeneration());
  }

  @Test
  void survivorsRecoverAndWaitForTheReplayOfTheDead() {
    Transcript t = Transcript.open(1, 2, 3);
    final long dead = t.request(1, NAME, LockMode.EX, 0);
    long waiter = t.request(3, NAME, LockMode.PR, LockFlags.VALUE);
    assertEquals("1: " + dead + " granted EX\n1: " + dead + " blocks PR", t.take());
    t.kill(1);
    t.installWithout(new int[] {1}, 2, 2, 3);
    long replayer = t.request(2, NAME, LockMode.EX, LockFlags.RECOVERY);
    t.unlock(2, replayer, null);
    t.unblock(2, 2, 3);
    assertEquals(
        """
        2: recovered 2
        3: recovered 2
        2: 201 granted EX
        3: 301 granted PR""",
        t.take());
    assertNull(t.grants.get(waiter).value());
  }

  @Test
  void readerReestablishesTheValueAtANewMaster() {
    Transcript t = Transcript.open(1, 2, 3);
    long writer = t.request(2, NAME, LockMode.EX, 0);
    t.convert(2, writer, LockMode.PR, value(5));
    t.kill(1);
    t.install(2, 2, 3);
    t.unblock(2, 2, 3);
    long reader = t.request(3, NAME, LockMode.PR, LockFlags.VALUE);
    assertArrayEquals(value(5), t.grants.get(reader).value());
  }

  @Test
  void messageFromBeforeItsFirstViewIsDroppedAndOneOfANewerKept() {
    Transcript t = Transcript.open(1, 2);
    final long holder = t.request(1, NAME, LockMode.EX, 0);
    long epoch = t.at(1).masteredRegions().get(0);
    t.take();
    LockMessage.Request request =
        new LockMessage.Request(900, NAME, LockMode.EX, 0, LockRange.WHOLE, 0);
    t.at(1).receive(new Member(2, 2), LockMessageCodec.encode(0, epoch, request));
    t.at(1).receive(new Member(2, 2), LockMessageCodec.encode(2, epoch, request));
    assertEquals("", t.take());
    t.install(2, 1, 2);
    assertEquals("1: " + holder + " blocks EX\n1: recovered 2\n2: recovered 2", sorted(t.take()));
  }

  @Test
  void messageOfAnOlderViewCountsWhereTheRegionKeptItsMaster() {
    Transcript t = Transcript.open(1, 2);
    t.request(1, NAME, LockMode.NL, 0);
    t.start(3);
    t.at(2).request(900, NAME, LockMode.EX, 0, LockRange.WHOLE, 0); // on its way
    t.take();
    t.install(2, 1, 2, 3);
    assertEquals(
        """
        1: recovered 2
        2: 900 granted EX
        2: recovered 2
        3: recovered 2""",
        sorted(t.take()));
  }

  private static String sorted(String lines) {
    return lines.lines().sorted().collect(java.util.stream.Collectors.joining("\n"));
  }

  @Test
  void joinMovesNoRegionAndRebuildsNoLock() {
    Transcript t = Transcript.open(1, 2);
    t.request(2, NAME, LockMode.EX, 0);
    long epoch = t.at(2).masteredRegions().get(0);
    t.start(3);
    t.install(2, 1, 2, 3);
    assertEquals(epoch, t.at(2).masteredRegions().get(0));
    t.take();
    t.request(3, NAME, LockMode.PR, 0);
    assertEquals("2: 201 blocks PR", t.take());
  }

  @Test
  void regionGoesToTheNodeThatAloneUsesIt() {
    Transcript t = Transcript.open(1, 2, 3);
    final long held = t.request(1, NAME, LockMode.NL, 0);
    for (int i = 0; i < LockEngine.FIRST_PATIENCE; i++) {
      t.unlock(2, t.request(2, new LockName(2, 0, 1), LockMode.EX, 0), null);
    }
    t.take();
    assertEquals(1, t.at(2).masteredRegions().size());
    assertEquals(0, t.at(1).masteredRegions().size());
    long before = t.at(2).messagesSent();
    t.unlock(2, t.request(2, new LockName(2, 0, 1), LockMode.EX, 0), null);
    assertEquals(before, t.at(2).messagesSent());
    t.unlock(1, held, null);
    assertEquals(0, t.at(2).resourceCount());
  }

  @Test
  void leaverGivesItsRegionsWithWaitersAndValuesToThoseWhoUseThem() {
    Transcript t = Transcript.open(1, 2, 3);
    t.unlock(1, t.request(1, NAME, LockMode.EX, 0), null);
    final long writer = t.request(2, NAME, LockMode.EX, 0);
    t.convert(2, writer, LockMode.PR, value(7));
    final long waiter = t.request(3, NAME, LockMode.EX, LockFlags.VALUE);
    t.take();
    t.at(1).handOver();
    t.settle();
    assertEquals("1: handed over", t.take());
    t.kill(1);
    t.install(2, 2, 3);
    t.unlock(2, writer, null);
    assertArrayEquals(value(7), t.grants.get(waiter).value());
  }

  @Test
  void malformedMessageIsRefused() {
    Transcript t = Transcript.open(1, 2);
    ByteBuffer message =
        LockMessageCodec.encode(
            1,
            Mastership.first(new View(1, Transcript.members(1))),
            new LockMessage.Request(900, NAME, LockMode.EX, 0, LockRange.WHOLE, 0));
    ByteBuffer wrongMode = message.duplicate().put(message.limit() - 1, (byte) 77);
    assertThrows(WireException.class, () -> t.at(1).receive(new Member(2, 2), wrongMode));
    ByteBuffer tooShort = message.duplicate().limit(message.limit() - 1);
    assertThrows(WireException.class, () -> t.at(1).receive(new Member(2, 2), tooShort));
    assertEquals(0, t.at(1).resourceCount());
  }
}
