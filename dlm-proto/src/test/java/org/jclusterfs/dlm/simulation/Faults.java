package org.jclusterfs.dlm.simulation;

/**
 * How often what goes wrong in a simulated cluster: chances per node and virtual second, but {@code
 * split} per second of the whole cluster, {@code fenceFailure} per fence and the last three per
 * frame.
 *
 * @param crash process or host dies, at once or after some more messages
 * @param pause process stands still, mostly shortly, now and then for very long
 * @param diskStall disk answers late, or never again
 * @param cut nothing gets from this node to another one, or to and fro
 * @param split nothing gets between two parts of the cluster, or in one direction only
 * @param leave node leaves in order
 * @param fenceFailure fence cannot be confirmed
 * @param loss frame is lost
 * @param duplication frame arrives twice
 * @param reordering frame is overtaken
 */
record Faults(
    double crash,
    double pause,
    double diskStall,
    double cut,
    double split,
    double leave,
    double fenceFailure,
    double loss,
    double duplication,
    double reordering) {
  static final Faults NONE = new Faults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** The network stays whole: only the disk tells who is dead. */
  static final Faults NO_CUTS = new Faults(0.08, 0.2, 0.15, 0, 0, 0.05, 0.3, 0, 0, 0);

  static final Faults ALL = new Faults(0.08, 0.08, 0.08, 0.06, 0.06, 0.05, 0.3, 0, 0, 0);

  /** Nothing but the network falling in two, each time long enough to be settled. */
  static final Faults SPLITS = new Faults(0, 0, 0, 0, 1, 0, 0, 0, 0, 0);

  /** The same, and frames get lost, come twice and in another order. */
  Faults lossy() {
    return new Faults(crash, pause, diskStall, cut, split, leave, fenceFailure, 0.004, 0.02, 0.004);
  }

  /** The same, less often for each node. */
  Faults scaled(double by) {
    return new Faults(
        crash * by,
        pause * by,
        diskStall * by,
        cut * by,
        split,
        leave * by,
        fenceFailure,
        loss * by,
        duplication,
        reordering * by);
  }

  /** Whether connections last: then only its heartbeat tells that a node is dead. */
  boolean leavesTheNetworkWhole() {
    return cut == 0 && split == 0 && loss == 0;
  }

  /** Whether connections lose frames; else they are streams that are whole until they break. */
  boolean isLossy() {
    return loss > 0;
  }
}
