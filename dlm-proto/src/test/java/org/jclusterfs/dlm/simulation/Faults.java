package org.jclusterfs.dlm.simulation;

/** How often what goes wrong in a simulated cluster, as chances per virtual second. */
record Faults(
    double crash, double pause, double diskStall, double cut, double leave, double fenceFailure) {
  static final Faults NONE = new Faults(0, 0, 0, 0, 0, 0);

  /** The network stays whole: only the disk tells who is dead. */
  static final Faults NO_CUTS = new Faults(0.08, 0.2, 0.2, 0, 0.05, 0.3);

  static final Faults ALL = new Faults(0.08, 0.08, 0.08, 0.08, 0.05, 0.3);
}
