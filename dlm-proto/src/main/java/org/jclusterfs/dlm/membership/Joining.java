package org.jclusterfs.dlm.membership;

import org.jclusterfs.dlm.Member;

/**
 * Waits for admission by a living cluster. Where there is none, the lowest of those that join goes
 * on to form one, after it has watched every claimed slot for long enough to judge it.
 */
final class Joining implements NodeState {
  private final Knowledge known;
  private final Coordinator coordinator;
  private final long retryNanos;
  private long askedAt;
  private boolean asked;

  Joining(Knowledge known, Coordinator coordinator) {
    this.known = known;
    this.coordinator = coordinator;
    retryNanos = known.threshold / 30;
  }

  @Override
  public HeartbeatState heartbeat() {
    return HeartbeatState.JOINING;
  }

  @Override
  public long heartbeatView() {
    return known.disk.highestView(); // its block may be the last one that remembers it
  }

  @Override
  public NodeState evaluate() {
    if (known.view != null) {
      return new Living(known, coordinator);
    }
    if (!known.disk.hasScanned()) {
      return this;
    }
    boolean mayForm = true;
    for (Member other : known.disk.members()) {
      if (other.slot() == known.self.slot()) {
        continue;
      }
      DiskWatch.Pulse pulse = known.disk.pulse(other);
      boolean dead = pulse == DiskWatch.Pulse.DEAD;
      Heartbeat last = known.disk.last(other);
      if (last == null) {
        continue;
      }
      boolean inCluster =
          last.state() == HeartbeatState.MEMBER || last.state() == HeartbeatState.LEAVING;
      boolean ahead =
          last.state() == HeartbeatState.FORMING
              || (last.state() == HeartbeatState.JOINING && other.slot() < known.self.slot());
      mayForm &= dead || !(inCluster || ahead);
    }
    if (mayForm) {
      known.out.publish();
      return new Forming(known, coordinator, known.foundingNumber());
    }
    ask();
    return this;
  }

  /** Asks everybody who is connected: only the acting coordinator will act. */
  private void ask() {
    if (asked && known.now - askedAt < retryNanos) {
      return;
    }
    asked = !known.connections.isEmpty();
    askedAt = known.now;
    for (int slot : known.connections.keySet()) {
      known.out.send(slot, MembershipCodec.join(known.self.incarnation(), known.connected()));
    }
  }

  /** Connections have changed: ask at once. */
  void askAgain() {
    asked = false;
  }
}
