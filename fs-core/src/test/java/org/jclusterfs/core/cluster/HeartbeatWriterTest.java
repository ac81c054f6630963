package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HeartbeatWriterTest {
  private TestCluster cluster;
  private SlotArea area;
  private SlotInfo self;

  @BeforeEach
  void setUp() throws Exception {
    cluster = new TestCluster(2);
    area = cluster.area();
    self =
        SlotClaim.take(
                area,
                area.slot(0),
                SlotDescriptor.MOUNTED,
                JoinOptions.DEFAULTS.claimant(List.of(), 0))
            .info();
  }

  @AfterEach
  void tearDown() throws Exception {
    cluster.close();
  }

  /** Else a beat taken before a change of state would count as having published it. */
  @Test
  void contentIsTakenAfterTheTimeThatCountsAsSubmission() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    long[] times = new long[2];
    HeartbeatWriter writer =
        new HeartbeatWriter(
            area,
            self,
            new HeartbeatWriter.Content() {
              @Override
              public Status next() {
                if (times[0] == 0) {
                  times[0] = BootClock.nanoTime();
                }
                return new Status(Heartbeat.MEMBER, 42, new BitSet());
              }

              @Override
              public void completed(long submittedAt) {
                if (times[1] == 0) {
                  times[1] = submittedAt;
                }
                done.countDown();
              }
            },
            fenced -> {});
    writer.start();
    done.await();
    writer.close();
    assertTrue(times[1] - times[0] <= 0);
    writer.writeDown();
    assertEquals(Heartbeat.DOWN, area.beats().get(0).state());
    assertEquals(42, area.beats().get(0).view(), "later views go on above it");
  }

  @Test
  void leaseThatEndedIsNotBroughtBackByALaterBeat() {
    Lease lease = new Lease(3000);
    assertTrue(lease.mayWrite());
    lease.extendTo(BootClock.nanoTime() - 1);
    assertFalse(lease.mayWrite());
    lease.renew(BootClock.nanoTime(), 3000);
    assertFalse(lease.mayWrite());
  }
}
