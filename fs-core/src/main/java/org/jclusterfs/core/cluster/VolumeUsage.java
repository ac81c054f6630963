package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jclusterfs.core.cluster.SlotObserver.Liveness;
import org.jclusterfs.core.device.BlockDevice;

/**
 * Who uses a volume.
 *
 * @param live slots whose holder lives
 * @param dead slots whose holder is dead and left a journal to replay
 */
public record VolumeUsage(List<SlotInfo> live, List<SlotInfo> dead) {

  /**
   * Finds out, without writing. Waits for at most the volume's threshold, and only where a slot is
   * claimed by a process that this host cannot judge.
   */
  public static VolumeUsage inspect(BlockDevice device, ClusterVolume volume) throws IOException {
    SlotArea area = new SlotArea(device, volume);
    List<SlotInfo> held = area.slots().stream().filter(s -> !s.isFree()).toList();
    Map<Integer, Liveness> state = new SlotObserver(area).observe(held);
    return new VolumeUsage(
        held.stream().filter(s -> state.get(s.slot()) == Liveness.LIVE).toList(),
        held.stream().filter(s -> state.get(s.slot()) == Liveness.DEAD).toList());
  }

  /** The holders in one line for people. */
  public static String holders(List<SlotInfo> slots) {
    return slots.stream().map(SlotInfo::holder).collect(Collectors.joining("; "));
  }
}
