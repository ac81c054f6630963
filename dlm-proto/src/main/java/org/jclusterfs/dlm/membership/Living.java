package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;

/**
 * Lives in a view.
 *
 * <p>A newcomer uses the view only when a beat that says so is on the disk and a scan begun after
 * that shows no cluster founded meanwhile. Otherwise those who let it in may leave or die before
 * the disk tells that it is a member, and a founder who sees no member there would go on beside it:
 * of the two, each sees the other's beat in its last scan or is seen in the other's.
 */
final class Living implements NodeState {
  private final Knowledge known;
  private final Coordinator coordinator;
  private final Connectivity connectivity;
  private final long since;
  private boolean published;
  private long publishedAt;
  private long evaluatedScan;

  Living(Knowledge known, Coordinator coordinator) {
    this.known = known;
    this.coordinator = coordinator;
    connectivity = new Connectivity(known);
    since = known.now;
  }

  @Override
  public HeartbeatState heartbeat() {
    return HeartbeatState.MEMBER;
  }

  @Override
  public long heartbeatView() {
    return known.view.number();
  }

  /** A beat is on the disk. */
  void beatCompleted(long submittedAt) {
    if (!published && submittedAt > since) {
      published = true;
      publishedAt = known.now;
    }
  }

  private boolean anotherClusterLives() {
    for (Member other : known.disk.members()) {
      Heartbeat last = known.disk.last(other);
      if (last != null
          && last.state() != HeartbeatState.JOINING
          && known.disk.pulse(other) != DiskWatch.Pulse.DEAD
          && known.isOfLaterCluster(last.view())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public NodeState evaluate() {
    if (!known.entered && published && known.disk.lastScanStart() > publishedAt) {
      if (anotherClusterLives()) {
        return new Stopped(
            known, "those who admitted this node have left, and others formed a cluster meanwhile");
      }
      known.enter();
    }
    Set<Member> base = known.base();
    base.removeIf(member -> known.disk.pulse(member) == DiskWatch.Pulse.DEAD);
    if (evaluatedScan != known.disk.lastScanStart()) {
      evaluatedScan = known.disk.lastScanStart();
      connectivity.update(base);
    }
    if (connectivity.losers(base, 2 * known.threshold).contains(known.self)) {
      return new Stopped(
          known, "this node cannot reach the larger part of the cluster over the network");
    }
    coordinator.evaluate(connectivity.losers(base, known.threshold));
    return this;
  }
}
