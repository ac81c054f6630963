package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.dlm.Member;

/** Fences dead members, has their journals replayed, frees their slots, adopts their orphans. */
final class NodeRecovery {

  private static final System.Logger LOG = System.getLogger(NodeRecovery.class.getName());

  private final SlotArea area;
  private final int self;
  private final Recovery recovery;
  private final List<SlotInfo> orphaned = new ArrayList<>();

  /**
   * Makes it.
   *
   * @param orphaned slots recovered before this node joined
   */
  NodeRecovery(SlotArea area, int self, Recovery recovery, List<SlotInfo> orphaned) {
    this.area = area;
    this.self = self;
    this.recovery = recovery;
    this.orphaned.addAll(orphaned);
  }

  /** Whether a dead member's fence is confirmed. */
  boolean fence(Member victim) {
    try {
      SlotInfo info = area.slot(victim.slot());
      if (holds(info, victim)) {
        Fencer.fence(area, info, self);
      }
      // Else it was recovered or left in order, and its claim is gone with its registration.
      return true;
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          "slot {0} cannot be fenced, its files stay blocked: {1}",
          victim.slot(),
          e.getMessage());
      return false;
    }
  }

  /** Whether a fenced member's journal is replayed and its slot free. */
  synchronized boolean replay(Member dead) {
    try {
      SlotInfo info = area.slot(dead.slot());
      if (!holds(info, dead)) {
        return true;
      }
      LOG.log(System.Logger.Level.INFO, "slot {0} replays the journal of {1}", self, info.holder());
      recovery.replay(info);
      SlotArea.await(
          area.writeBeat(
              new Beat(
                  info.slot(),
                  Heartbeat.DOWN,
                  info.incarnation(),
                  Long.MAX_VALUE,
                  0,
                  area.volume().thresholdMillis(),
                  new BitSet())));
      SlotClaim.free(area, info);
      orphaned.add(info);
      return true;
    } catch (IOException | RuntimeException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          "the journal of slot " + dead.slot() + " cannot be replayed",
          e);
      return false;
    }
  }

  private static boolean holds(SlotInfo info, Member member) {
    return !info.isFree() && info.incarnation() == member.incarnation();
  }

  /** Adopts the orphans of all slots recovered so far; grants go on already. */
  synchronized void adoptOrphans() {
    for (SlotInfo slot : List.copyOf(orphaned)) {
      try {
        recovery.adoptOrphans(slot);
        orphaned.remove(slot);
      } catch (IOException | RuntimeException e) {
        LOG.log(
            System.Logger.Level.WARNING,
            "the orphans of slot " + slot.slot() + " stay until it is claimed again",
            e);
        orphaned.remove(slot);
      }
    }
  }
}
