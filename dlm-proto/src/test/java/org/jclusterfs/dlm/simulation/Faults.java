package org.jclusterfs.dlm.simulation;

/** How often what goes wrong in a simulated cluster, as chances per virtual second. */
record Faults(
    double crash, double pause, double diskStall, double cut, double leave, double fenceFailure) {
  static final Faults NONE = new Faults(0, 0, 0, 0, 0, 0);
  static final Faults ALL = new Faults(0.08, 0.08, 0.08, 0.08, 0.05, 0.3);
}
