package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jclusterfs.core.cluster.SlotInfo.Claimant;
import org.jclusterfs.core.cluster.SlotObserver.Liveness;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.WriteGate;
import org.jclusterfs.core.device.WritesBlockedException;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;

/**
 * The whole volume for one process, as a tool that writes wants it: a slot claimed with state 2 and
 * a heartbeat, while no other slot is held by anybody who lives. Nodes that want to mount meanwhile
 * are refused. Dead claims are fenced when this is taken; their journals are {@link #recover}'s.
 *
 * <p>Whoever wants the volume writes its claim first and reads the others' afterwards; so of two
 * that meet at least one sees the other and steps back.
 */
public final class ExclusiveClaim implements AutoCloseable {

  private static final int ATTEMPTS = 20;

  private final SlotArea area;
  private final SlotClaim claim;
  private final List<SlotInfo> dead;
  private final Lease lease;
  private final HeartbeatWriter heartbeat;
  private boolean closed;

  private ExclusiveClaim(SlotArea area, SlotClaim claim, List<SlotInfo> dead) {
    this.area = area;
    this.claim = claim;
    this.dead = new ArrayList<>(dead);
    if (claim.replaced() != null) {
      this.dead.add(claim.replaced());
    }
    int threshold = area.volume().thresholdMillis();
    lease = new Lease(threshold);
    area.device().setWriteGate(lease);
    heartbeat =
        new HeartbeatWriter(
            area,
            claim.info(),
            new HeartbeatWriter.Content() {
              @Override
              public Status next() {
                return new Status(Heartbeat.MEMBER, 0, new BitSet());
              }

              @Override
              public void completed(long submittedAt) {
                lease.renew(submittedAt, threshold);
              }
            },
            cause -> lease.close());
    heartbeat.start();
  }

  /**
   * Takes the volume. Waits up to the volume's threshold where only heartbeats tell whether a
   * claimed slot's holder lives.
   *
   * @throws VolumeInUseException if somebody uses the volume
   * @throws IOException if a dead holder cannot be fenced, or the device fails
   */
  public static ExclusiveClaim take(BlockDevice device, ClusterVolume volume) throws IOException {
    return take(device, volume, 0);
  }

  /** As {@link #take}, for a mount without a cluster: the slot says so to people. */
  public static ExclusiveClaim takeToMount(BlockDevice device, ClusterVolume volume)
      throws IOException {
    return take(device, volume, SlotDescriptor.PORT_OF_MOUNT_ALONE);
  }

  private static ExclusiveClaim take(BlockDevice device, ClusterVolume volume, int port)
      throws IOException {
    SlotArea area = new SlotArea(device, volume);
    Claimant claimant = JoinOptions.DEFAULTS.claimant(List.of(), port);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      ExclusiveClaim claim = tryTake(area, claimant);
      if (claim != null) {
        return claim;
      }
      SlotClaim.backOff();
    }
    throw new VolumeInUseException(
        device.description() + ": others claim slots at the same time; try again");
  }

  /** Null where somebody else came in between. */
  static ExclusiveClaim tryTake(SlotArea area, Claimant claimant) throws IOException {
    List<SlotInfo> slots = area.slots();
    List<SlotInfo> held = held(slots, -1);
    requireDead(area, held);
    List<SlotInfo> free = slots.stream().filter(SlotInfo::isFree).toList();
    SlotInfo seen = null;
    SlotClaim claim = null;
    // The next one where a node that died while it claimed left its registration.
    for (SlotInfo each : free.isEmpty() ? slots.subList(0, 1) : free) {
      seen = each;
      claim = takePast(area, held, each, claimant);
      if (claim != null) {
        break;
      }
    }
    if (claim == null) {
      return null;
    }
    ExclusiveClaim exclusive = null;
    try {
      List<SlotInfo> others = held(area.slots(), seen.slot());
      for (SlotInfo other : others) {
        if (held.stream().noneMatch(h -> h.incarnation() == other.incarnation())) {
          return null;
        }
      }
      exclusive = new ExclusiveClaim(area, claim, others);
      for (SlotInfo other : others) {
        Fencer.fence(area, other, seen.slot());
      }
      return exclusive;
    } catch (IOException e) {
      if (exclusive != null) {
        exclusive.heartbeat.close();
        exclusive.closed = true;
        exclusive = null;
      }
      throw e;
    } finally {
      if (exclusive == null) {
        area.device().setWriteGate(WriteGate.OPEN);
        claim.undo();
      }
    }
  }

  /** Takes a slot; where a dead holder's registration is in the way, after it was fenced. */
  private static SlotClaim takePast(
      SlotArea area, List<SlotInfo> dead, SlotInfo seen, Claimant claimant) throws IOException {
    try {
      return SlotClaim.take(area, seen, SlotDescriptor.TOOL, claimant);
    } catch (WritesBlockedException e) {
      for (SlotInfo holder : dead) {
        if (!SlotClaim.fenceInPassing(area, holder)) {
          return null;
        }
      }
      return SlotClaim.take(area, seen, SlotDescriptor.TOOL, claimant);
    }
  }

  private static List<SlotInfo> held(List<SlotInfo> slots, int but) {
    return slots.stream().filter(s -> !s.isFree() && s.slot() != but).toList();
  }

  private static void requireDead(SlotArea area, List<SlotInfo> held) throws IOException {
    Map<Integer, Liveness> state = new SlotObserver(area).observe(held);
    List<SlotInfo> live = held.stream().filter(s -> state.get(s.slot()) == Liveness.LIVE).toList();
    if (!live.isEmpty()) {
      throw new VolumeInUseException(
          area.device().description() + " is in use: " + VolumeUsage.holders(live));
    }
  }

  /** The slot that the claim stands on, with the place of its journal. */
  public SlotInfo slot() {
    return claim.info();
  }

  /** Dead nodes' slots whose journals are not replayed yet; fenced. */
  public synchronized List<SlotInfo> deadSlots() {
    return List.copyOf(dead);
  }

  /**
   * Replays all dead nodes' journals and frees their slots.
   *
   * @return the slots whose orphans are to be adopted
   */
  public synchronized List<SlotInfo> recover(Recovery recovery) throws IOException {
    List<SlotInfo> recovered = List.copyOf(dead);
    for (SlotInfo slot : recovered) {
      if (slot.journalStart() != 0) {
        recovery.replay(slot);
      }
    }
    for (SlotInfo slot : recovered) {
      // The slot that this claim itself stands on is freed with it.
      if (slot.slot() != claim.info().slot()) {
        SlotClaim.free(area, slot);
      }
      dead.remove(slot);
    }
    return recovered;
  }

  /**
   * Checks that the volume still is ours: a long pause may have cost it.
   *
   * @throws IOException if it is not; nothing can be written any more
   */
  public void check() throws IOException {
    if (!lease.mayWrite()) {
      throw new IOException(
          area.device().description()
              + ": the claim on the volume was lost, its heartbeat did not reach the device in"
              + " time");
    }
  }

  /** Stops writing at once and leaves the slot as a dead one, for others to recover. */
  public synchronized void abandon() {
    if (!closed) {
      closed = true;
      lease.close();
      heartbeat.close();
    }
  }

  /** Gives the volume back; a dead claim that was not recovered stays to be recovered. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    heartbeat.close();
    if (lease.mayWrite()) {
      heartbeat.writeDown();
      area.device().setWriteGate(WriteGate.OPEN);
      if (claim.replaced() != null && dead.contains(claim.replaced())) {
        claim.undo();
      } else {
        claim.release();
      }
    }
  }
}
