package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.dlm.Member;

/** Fences dead members, has their journals replayed, frees their slots, adopts their orphans. */
final class NodeRecovery {

  private static final System.Logger LOG = System.getLogger(NodeRecovery.class.getName());

  private final SlotArea area;
  private final int self;
  private final Recovery recovery;
  private final List<SlotInfo> orphaned = new CopyOnWriteArrayList<>();
  private final Object adopting = new Object();
  private boolean ended;

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
    } catch (IOException | RuntimeException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          "slot " + victim.slot() + " cannot be fenced, its files stay blocked until it is",
          e);
      return false;
    }
  }

  /** Whether a fenced member's journal is replayed and its slot free. */
  synchronized boolean replay(Member dead) {
    if (ended) {
      return false;
    }
    try {
      SlotInfo info = area.slot(dead.slot());
      if (!holds(info, dead)) {
        return true;
      }
      LOG.log(System.Logger.Level.INFO, "slot {0} replays the journal of {1}", self, info.holder());
      recovery.replay(info);
      Beat last = area.beats().get(info.slot());
      SlotArea.await(
          area.writeBeat(
              new Beat(
                  info.slot(),
                  Heartbeat.DOWN,
                  info.incarnation(),
                  last == null ? 1 : last.sequence() + 1,
                  // Later views are numbered above it.
                  last == null ? 0 : last.view(),
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

  /** Waits for a replay under way; none is begun from now on. */
  synchronized void end() {
    ended = true;
  }

  private static boolean holds(SlotInfo info, Member member) {
    return !info.isFree() && info.incarnation() == member.incarnation();
  }

  /**
   * Adopts the orphans of all slots recovered so far; grants go on already. It waits for cluster
   * locks, and a replay never waits for it: the next dead node may hold one of them.
   */
  void adoptOrphans() {
    synchronized (adopting) {
      for (SlotInfo slot : orphaned) {
        try {
          recovery.adoptOrphans(slot);
        } catch (IOException | RuntimeException e) {
          LOG.log(
              System.Logger.Level.WARNING,
              "the orphans of slot " + slot.slot() + " stay until it is claimed again",
              e);
        }
        orphaned.remove(slot);
      }
    }
  }
}
