package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import org.jclusterfs.journal.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Power cuts while a lock goes from node to node, with and without planted faults. */
class HandoverRunTest {
  private static final int STATES = 600;
  private static final int ATTEMPTS = 5;

  @Test
  void changesOfSeveralNodesAreRecoveredInTheirOrder() throws Exception {
    new HandoverRun(1).run(STATES);
  }

  /** The order of two nodes' writes is the scheduler's, so a run may miss it: some are made. */
  @ParameterizedTest
  @EnumSource(names = {"REPLAY_VERSION", "HANDOVER_COMMIT", "HANDOVER_WRITE"})
  void leftOutPartIsFoundWithinBoundedNumberOfStates(Fault fault) throws Exception {
    AssertionError found = null;
    for (int seed = 1; seed <= ATTEMPTS && found == null; seed++) {
      try {
        new HandoverRun(seed, fault).run(STATES);
      } catch (AssertionError e) {
        found = e;
      }
    }
    assertNotNull(found, fault + " is not noticed in " + ATTEMPTS + " runs");
  }
}
