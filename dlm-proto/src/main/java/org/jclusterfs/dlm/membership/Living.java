package org.jclusterfs.dlm.membership;

import java.util.Set;
import org.jclusterfs.dlm.Member;

/** Lives in a view. */
final class Living implements NodeState {
  private final Knowledge known;
  private final Coordinator coordinator;
  private final Connectivity connectivity;
  private long evaluatedScan;

  Living(Knowledge known, Coordinator coordinator) {
    this.known = known;
    this.coordinator = coordinator;
    connectivity = new Connectivity(known);
  }

  @Override
  public HeartbeatState heartbeat() {
    return HeartbeatState.MEMBER;
  }

  @Override
  public long heartbeatView() {
    return known.view.number();
  }

  @Override
  public NodeState evaluate() {
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
