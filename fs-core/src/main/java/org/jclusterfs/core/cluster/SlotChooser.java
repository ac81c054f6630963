package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.SlotInfo.Claimant;
import org.jclusterfs.core.cluster.SlotObserver.Liveness;
import org.jclusterfs.core.device.WritesBlockedException;
import org.jclusterfs.core.format.SlotDescriptor;

/**
 * Finds a mount its slot. Where every claimed slot is known to be dead, nobody is there who would
 * recover them: they are recovered first, under an {@link ExclusiveClaim}. Where some live, they do
 * that, and any free slot will do.
 */
final class SlotChooser {

  private static final System.Logger LOG = System.getLogger(SlotChooser.class.getName());

  private static final long TOOL_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(8);

  /** Time for fencing, beyond the time until a node is declared dead. */
  private static final long FENCING_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final SlotArea area;
  private final Claimant claimant;
  private final Recovery recovery;
  private final int wanted;
  private final List<SlotInfo> recovered = new ArrayList<>();
  private WritesBlockedException blocked;

  SlotChooser(SlotArea area, Claimant claimant, Recovery recovery, int wanted) {
    this.area = area;
    this.claimant = claimant;
    this.recovery = recovery;
    this.wanted = wanted;
  }

  /** Slots that were recovered on the way; their orphans are to be adopted. */
  List<SlotInfo> recovered() {
    return recovered;
  }

  SlotClaim choose() throws IOException {
    int slotCount = area.volume().geometry().slotCount();
    if (wanted >= slotCount) {
      throw new IOException(
          area.device().description()
              + " has slots 0 to "
              + (slotCount - 1)
              + ", slot "
              + wanted
              + " was asked for");
    }
    SlotObserver observer = new SlotObserver(area);
    LeftoverKeys leftovers = new LeftoverKeys(area);
    long patience =
        System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(2L * area.volume().thresholdMillis());
    // A tool may be another mount that recovers the volume just now.
    long toolPatience = System.nanoTime() + TOOL_PATIENCE_NANOS;
    while (true) {
      List<SlotInfo> slots = area.slots();
      List<SlotInfo> held = slots.stream().filter(s -> !s.isFree()).toList();
      Map<Integer, Liveness> state = observer.judge(held);
      if (recoverIfAllDead(held, state)) {
        continue;
      }
      boolean mustKnow =
          held.stream().anyMatch(SlotClaim::isTool)
              || !held.isEmpty() && !area.device().fencing().supportsCluster();
      if (!mustKnow) {
        SlotClaim claim = takeFree(slots);
        if (claim != null) {
          return claim;
        }
        if (blocked != null) {
          // What a killed mount of this host left registered; the others will fence it.
          if (held.isEmpty() || System.nanoTime() - patience > FENCING_NANOS) {
            throw blocked;
          }
          SlotClaim.backOff();
          continue;
        }
        if (slots.stream().anyMatch(this::eligible)) {
          if (System.nanoTime() - patience > 0) {
            throw new IOException(
                area.device().description()
                    + ": its free slots are registered at the device by nodes that died while they"
                    + " claimed them; remove those registrations ('iscsi keys'), then mount again");
          }
          leftovers.look(slots.stream().filter(this::eligible).toList());
          SlotClaim.backOff();
          continue;
        }
      }
      state = observer.observe(held);
      if (recoverIfAllDead(held, state)) {
        continue;
      }
      refuseWhereHopeless(held, state, System.nanoTime() - toolPatience > 0);
      if (System.nanoTime() - patience > 0) {
        throw noSlot(held);
      }
      SlotObserver.pause();
    }
  }

  private boolean eligible(SlotInfo info) {
    return info.isFree() && info.journalStart() != 0 && (wanted < 0 || info.slot() == wanted);
  }

  private SlotClaim takeFree(List<SlotInfo> slots) throws IOException {
    blocked = null;
    for (SlotInfo info : slots) {
      if (!eligible(info)) {
        continue;
      }
      SlotClaim claim;
      try {
        claim = SlotClaim.take(area, info, SlotDescriptor.MOUNTED, claimant);
      } catch (WritesBlockedException e) {
        blocked = e;
        return null;
      }
      if (claim == null) {
        continue;
      }
      // Whoever wants the whole volume wrote that before it read our claim, or will see it.
      boolean single = !area.device().fencing().supportsCluster();
      if (area.slots().stream()
          .anyMatch(
              s ->
                  s.slot() != claim.info().slot()
                      && (SlotClaim.isTool(s) || single && !s.isFree()))) {
        claim.undo();
        return null;
      }
      return claim;
    }
    return null;
  }

  private boolean recoverIfAllDead(List<SlotInfo> held, Map<Integer, Liveness> state)
      throws IOException {
    if (held.isEmpty() || !held.stream().allMatch(s -> state.get(s.slot()) == Liveness.DEAD)) {
      return false;
    }
    LOG.log(
        System.Logger.Level.INFO,
        "{0} was not unmounted: recovering {1}",
        area.device().description(),
        VolumeUsage.holders(held));
    try (ExclusiveClaim exclusive = ExclusiveClaim.tryTake(area, claimant)) {
      if (exclusive == null) {
        SlotClaim.backOff();
        return true;
      }
      recovered.addAll(exclusive.recover(recovery));
    } catch (VolumeInUseException e) {
      // Somebody else came to recover or to mount.
      SlotClaim.backOff();
    }
    return true;
  }

  private void refuseWhereHopeless(
      List<SlotInfo> held, Map<Integer, Liveness> state, boolean toolTakesLong) throws IOException {
    for (SlotInfo info : held) {
      boolean live = state.get(info.slot()) == Liveness.LIVE;
      if (SlotClaim.isTool(info) && (!live || toolTakesLong)) {
        throw new VolumeInUseException(
            area.device().description()
                + (live
                    ? " is in use: "
                        + info.holder()
                        + (info.isMountAlone() ? "; unmount it there" : "; wait until it is done")
                    : " was left while nodes had it mounted by one that died: "
                        + info.holder()
                        + "; unmount all nodes and run fsck.jclusterfs"));
      }
      if (live && !area.device().fencing().supportsCluster()) {
        throw new VolumeInUseException(
            area.device().description()
                + " can be mounted by one node only ("
                + area.device().fencing().describe()
                + ") and is mounted: "
                + info.holder());
      }
      if (live && info.slot() == wanted) {
        throw new VolumeInUseException(
            area.device().description() + ": the slot asked for is held: " + info.holder());
      }
    }
    if (held.stream().allMatch(s -> state.get(s.slot()) == Liveness.LIVE)
        && held.size() == area.volume().geometry().slotCount()) {
      throw noSlot(held);
    }
  }

  private IOException noSlot(List<SlotInfo> held) {
    return new VolumeInUseException(
        area.device().description()
            + " has no free slot: unmount a node, or format with more slots (mkfs.jclusterfs -N); held are "
            + VolumeUsage.holders(held));
  }
}
