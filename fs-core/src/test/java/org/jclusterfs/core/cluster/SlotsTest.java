package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.SlotInfo.Claimant;
import org.jclusterfs.core.cluster.TestCluster.Node;
import org.jclusterfs.core.device.MemoryBlockDevice;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.device.ProcessIdentity;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.dlm.LockMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SlotsTest {

  private TestCluster cluster;

  private TestCluster cluster(int slots) throws IOException {
    cluster = new TestCluster(slots);
    return cluster;
  }

  @AfterEach
  void tearDown() throws IOException {
    if (cluster != null) {
      cluster.close();
    }
  }

  /** A process of this host that cannot exist any more. */
  private static ProcessIdentity deadHere() throws IOException {
    ProcessIdentity self = ProcessIdentities.current();
    return new ProcessIdentity(
        self.bootId(), self.pidNamespace(), self.pid(), self.startTime() + 1);
  }

  private void claimAs(ProcessIdentity process, int slot, int state) throws IOException {
    SlotArea area = new SlotArea(cluster.disk.connect(), cluster.volume);
    SlotClaim.take(area, area.slot(slot), state, new Claimant(process, "web", List.of(), 0));
  }

  @Test
  void simultaneousClaimantsGetDifferentSlots() throws Exception {
    cluster(6);
    List<CompletableFuture<Node>> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      all.add(ClusterLocksContract.async(() -> cluster.node().claim()));
    }
    Set<Integer> slots = new HashSet<>();
    for (CompletableFuture<Node> one : all) {
      assertTrue(slots.add(one.get(30, TimeUnit.SECONDS).cluster.slot().slot()));
    }
    all.forEach(one -> one.join().cluster.crash());
  }

  @Test
  void volumeLeftByDeadProcessesIsRecoveredBeforeTheClaim() throws Exception {
    cluster(2);
    claimAs(deadHere(), 0, SlotDescriptor.MOUNTED);
    claimAs(deadHere(), 1, SlotDescriptor.MOUNTED);
    Node node = cluster.node().join();
    assertEquals(Set.of("replay 0", "replay 1"), Set.copyOf(cluster.log.subList(0, 2)));
    assertEquals(0, node.cluster.slot().slot());
    assertTrue(cluster.area().slot(1).isFree());
    node.locks().acquire(ClusterLocksContract.INODE, LockMode.EX).close();
  }

  @Test
  void registrationOfAClaimantWhoDiedIsFenced() throws Exception {
    cluster(1);
    long left = 0x1234L;
    assertTrue(cluster.disk.connect().fencing().register(0, left));
    Node node = cluster.node().join();
    assertEquals(0, node.cluster.slot().slot());
    assertEquals(List.of(node.cluster.slot().key()), cluster.disk.connect().fencing().keysOf(0));
  }

  @Test
  void toolGoesRoundTheRegistrationOfAClaimantWhoDied() throws Exception {
    cluster(2);
    assertTrue(cluster.disk.connect().fencing().register(0, 0x1234L));
    ExclusiveClaim.take(cluster.disk.connect(), cluster.volume).close();
    assertTrue(cluster.area().slots().stream().allMatch(SlotInfo::isFree));
  }

  @Test
  void failedReplayLeavesTheDeadClaimsInPlace() throws Exception {
    cluster(1);
    claimAs(deadHere(), 0, SlotDescriptor.MOUNTED);
    long incarnation = cluster.area().slot(0).incarnation();
    assertThrows(
        IOException.class,
        () ->
            ClusterNode.join(
                cluster.disk.connect(), cluster.volume, JoinOptions.DEFAULTS, Recovery.NONE));
    assertEquals(incarnation, cluster.area().slot(0).incarnation());
    cluster.node().join();
    assertEquals("replay 0", cluster.log.get(0));
  }

  @Test
  void volumeWithoutFreeSlotIsRefusedWithItsHolders() throws Exception {
    cluster(1);
    cluster.node().join();
    IOException refused = assertThrows(VolumeInUseException.class, () -> cluster.node().claim());
    assertTrue(refused.getMessage().contains("no free slot"), refused.getMessage());
    assertTrue(refused.getMessage().contains("slot 0: host "), refused.getMessage());
  }

  @Test
  void usageTellsLiveFromDeadByHeartbeat() throws Exception {
    cluster(3);
    cluster.node().join();
    claimAs(new ProcessIdentity(UUID.randomUUID(), 1, 2, 3), 2, SlotDescriptor.MOUNTED);
    VolumeUsage usage = VolumeUsage.inspect(cluster.disk.connect(), cluster.volume);
    assertEquals(List.of(0), usage.live().stream().map(SlotInfo::slot).toList());
    assertEquals(List.of(2), usage.dead().stream().map(SlotInfo::slot).toList());
  }

  @Test
  void toolIsRefusedWhileANodeLivesAndNodesWhileAToolDoes() throws Exception {
    cluster(3);
    Node node = cluster.node().join();
    MemoryBlockDevice device = cluster.disk.connect();
    assertThrows(VolumeInUseException.class, () -> ExclusiveClaim.take(device, cluster.volume));
    node.cluster.close();
    ExclusiveClaim claim = ExclusiveClaim.take(device, cluster.volume);
    IOException refused = assertThrows(VolumeInUseException.class, () -> cluster.node().claim());
    assertTrue(refused.getMessage().contains("a tool on host "), refused.getMessage());
    claim.check();
    claim.close();
    claim = ExclusiveClaim.takeToMount(device, cluster.volume);
    refused = assertThrows(VolumeInUseException.class, () -> cluster.node().claim());
    assertTrue(refused.getMessage().contains("cluster=none on host "), refused.getMessage());
    assertTrue(refused.getMessage().contains("unmount it there"), refused.getMessage());
    claim.close();
    cluster.node().join();
  }

  @Test
  void toolRecoversDeadSlots() throws Exception {
    cluster(2);
    claimAs(deadHere(), 0, SlotDescriptor.MOUNTED);
    claimAs(deadHere(), 1, SlotDescriptor.TOOL);
    try (ExclusiveClaim claim = ExclusiveClaim.take(cluster.disk.connect(), cluster.volume)) {
      assertEquals(2, claim.deadSlots().size());
      claim.recover(cluster.recovery());
    }
    assertTrue(cluster.area().slots().stream().allMatch(SlotInfo::isFree));
    assertEquals(2, cluster.log.size());
  }

  @Test
  void threeNodesSurviveTheDeathOfTheLowest() throws Exception {
    cluster(3);
    Node a = cluster.node().join();
    Node b = cluster.node().join();
    Node c = cluster.node().join();
    LockHolder held = a.locks().acquire(ClusterLocksContract.INODE, LockMode.EX);
    CompletableFuture<Void> first =
        ClusterLocksContract.async(
            () -> {
              b.locks().acquire(ClusterLocksContract.INODE, LockMode.EX).close();
              return null;
            });
    CompletableFuture<Void> second =
        ClusterLocksContract.async(
            () -> {
              c.locks().acquire(ClusterLocksContract.INODE, LockMode.EX).close();
              return null;
            });
    a.cluster.crash();
    first.get(40, TimeUnit.SECONDS);
    second.get(40, TimeUnit.SECONDS);
    held.close();
    assertEquals(1, cluster.log.stream().filter(line -> line.equals("replay 0")).count());
    assertFalse(cluster.log.contains("replay 1"));
  }
}
