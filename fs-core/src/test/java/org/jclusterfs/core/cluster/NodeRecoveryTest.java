package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.dlm.Member;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeRecoveryTest {
  private TestCluster cluster;
  private SlotArea area;

  @BeforeEach
  void setUp() throws Exception {
    cluster = new TestCluster(3);
    area = cluster.area();
  }

  @AfterEach
  void tearDown() throws Exception {
    cluster.close();
  }

  private SlotClaim claim(int slot) throws IOException {
    return SlotClaim.take(
        slot == 0 ? area : cluster.area(),
        area.slot(slot),
        SlotDescriptor.MOUNTED,
        JoinOptions.DEFAULTS.claimant(List.of(), 0));
  }

  private SlotInfo dead(int slot, long view) throws IOException {
    SlotInfo info = claim(slot).info();
    SlotArea.await(
        area.writeBeat(
            new Beat(slot, Heartbeat.MEMBER, info.incarnation(), 7, view, 5000, new BitSet())));
    return info;
  }

  private static Member member(SlotInfo info) {
    return new Member(info.slot(), info.incarnation());
  }

  private NodeRecovery recovery() {
    return new NodeRecovery(area, 0, cluster.recovery(), List.of());
  }

  @Test
  void replayedSlotIsFreeAndKeepsTheViewNumberThatLaterOnesGoOnFrom() throws Exception {
    SlotInfo info = dead(1, 2_000_017);
    assertTrue(recovery().replay(member(info)));
    assertTrue(area.slot(1).isFree());
    assertEquals(Heartbeat.DOWN, area.beats().get(1).state());
    assertEquals(8, area.beats().get(1).sequence());
    assertEquals(2_000_017, area.beats().get(1).view());
  }

  @Test
  void slotThatWasReplayedAndClaimedAgainIsLeftAlone() throws Exception {
    SlotInfo old = dead(1, 1);
    SlotClaim own = claim(0);
    assertTrue(recovery().fence(member(old)));
    assertTrue(recovery().replay(member(old)));
    SlotInfo next = dead(1, 2);
    cluster.log.clear();
    assertTrue(recovery().replay(member(old)));
    assertTrue(recovery().fence(member(old)));
    assertEquals(List.of(), cluster.log);
    assertEquals(next.incarnation(), area.slot(1).incarnation());
    assertFalse(area.slot(1).isFree());
    assertEquals(old.incarnation(), area.fencedIncarnation(1));
    own.release();
  }

  @Test
  void noReplayBeginsAfterTheNodeHasGone() throws Exception {
    SlotInfo info = dead(1, 1);
    NodeRecovery recovery = recovery();
    recovery.end();
    assertFalse(recovery.replay(member(info)));
    assertEquals(List.of(), cluster.log);
  }

  /** The adopter waits for a lock that the second dead node held: only its replay frees it. */
  @Test
  void replayDoesNotWaitForAnAdoption() throws Exception {
    CountDownLatch adopting = new CountDownLatch(1);
    CountDownLatch lockIsFree = new CountDownLatch(1);
    NodeRecovery recovery =
        new NodeRecovery(
            area,
            0,
            new Recovery() {
              @Override
              public void replay(SlotInfo slot) {
                if (slot.slot() == 2) {
                  lockIsFree.countDown();
                }
              }

              @Override
              public void adoptOrphans(SlotInfo slot) throws IOException {
                adopting.countDown();
                try {
                  lockIsFree.await();
                } catch (InterruptedException e) {
                  throw new IOException(e);
                }
              }
            },
            List.of());
    assertTrue(recovery.replay(member(dead(1, 1))));
    Thread adopter = new Thread(recovery::adoptOrphans);
    adopter.start();
    adopting.await();
    assertTrue(recovery.replay(member(dead(2, 1))));
    adopter.join();
  }

  @Test
  void replayThatFailsLeavesTheSlotClaimed() throws Exception {
    SlotInfo info = dead(1, 1);
    assertFalse(new NodeRecovery(area, 0, Recovery.NONE, List.of()).replay(member(info)));
    assertFalse(area.slot(1).isFree());
  }
}
