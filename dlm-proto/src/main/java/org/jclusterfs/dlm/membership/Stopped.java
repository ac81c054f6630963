package org.jclusterfs.dlm.membership;

/** Out of the cluster, in order or not; hears nothing any more. */
final class Stopped implements NodeState {
  private final long lastView;

  /**
   * Tells the owner.
   *
   * @param reason why this node must stop; null where it has left in order
   */
  Stopped(Knowledge known, String reason) {
    lastView = known.highestNumber();
    if (reason == null) {
      known.out.left();
    } else {
      known.out.selfStop(reason);
    }
  }

  @Override
  public HeartbeatState heartbeat() {
    return HeartbeatState.DOWN;
  }

  @Override
  public long heartbeatView() {
    return lastView;
  }

  @Override
  public NodeState evaluate() {
    return this;
  }
}
