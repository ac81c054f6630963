package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;

/**
 * Is about to form a cluster: says so in its heartbeat, and scans the disk once more after that
 * beat is on it. Of two that form at once, each either sees the other in its second scan or is seen
 * in the other's; the lower slot wins, but only after the higher has backed off or become a member
 * in plain sight. After that the founder fences whatever the disk holds of the dead, and installs
 * the first view alone; their journals are replayed before anybody is served.
 *
 * <p>Its views are numbered from far above all that the disk tells, and that beginning is on the
 * disk before the first one: so no number comes back, though an earlier cluster may have died
 * before its last ones were published.
 */
final class Forming implements NodeState {
  private final Knowledge known;
  private final Coordinator coordinator;
  private final long number;
  private final long since;
  private boolean published;
  private long publishedAt;
  private long checkedScan;
  private boolean founder;

  Forming(Knowledge known, Coordinator coordinator, long number) {
    this.known = known;
    this.coordinator = coordinator;
    this.number = number;
    since = known.now;
    checkedScan = known.disk.lastScanStart();
  }

  @Override
  public HeartbeatState heartbeat() {
    return HeartbeatState.FORMING;
  }

  @Override
  public long heartbeatView() {
    return number;
  }

  /** A beat is on the disk. */
  void beatCompleted(long submittedAt) {
    if (!published && submittedAt > since) {
      published = true;
      publishedAt = known.now;
    }
  }

  @Override
  public NodeState evaluate() {
    if (known.view != null) {
      return new Living(known, coordinator);
    }
    long scan = known.disk.lastScanStart();
    if (!founder) {
      if (!published || scan <= publishedAt || scan == checkedScan) {
        return this;
      }
      checkedScan = scan;
      boolean alone = true;
      for (Member other : known.disk.members()) {
        Heartbeat last = known.disk.last(other);
        if (last == null
            || other.slot() == known.self.slot()
            || known.disk.pulse(other) == DiskWatch.Pulse.DEAD) {
          continue;
        }
        boolean forming = last.state() == HeartbeatState.FORMING;
        if (last.state() == HeartbeatState.MEMBER
            || last.state() == HeartbeatState.LEAVING
            || (forming && other.slot() < known.self.slot())) {
          known.out.publish();
          return new Joining(known, coordinator);
        }
        alone &= !forming;
      }
      if (!alone) {
        return this;
      }
      founder = true;
      known.enter();
    }
    known.promised = Math.max(known.promised, number);
    coordinator.evaluate(Set.of());
    return known.view == null ? this : new Living(known, coordinator);
  }
}
