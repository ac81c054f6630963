package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import org.jclusterfs.journal.Fault;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is left out of the journal or of replay, the crash enumeration finds; else it is no use. */
class PlantedFaultsTest {
  private static final int MOST_STATES = 8000;

  @ParameterizedTest
  @EnumSource(
      names = {
        "COMMIT_FLUSH",
        "ORDERED_FLUSH",
        "ORDERED_DATA",
        "TAIL_FLUSH",
        "TRANSACTION_CHECKSUM",
        "BLOCK_CHECKSUM"
      })
  void leftOutPartIsFoundWithinBoundedNumberOfStates(Fault fault) throws Exception {
    CrashExplorer explorer = new CrashExplorer(fault);
    CrashExplorer.Violation found = null;
    long seed = 1;
    for (CrashOperation operation : CrashOperation.all()) {
      CrashSequence sequence = CrashSequence.parse(operation.name() + ":fsync");
      if (found == null && explorer.states() < MOST_STATES && sequence.makesSense()) {
        try {
          explorer.explore(sequence, seed++, true);
        } catch (CrashExplorer.Violation e) {
          found = e;
        }
      }
    }
    assertNotNull(found, fault + " is not noticed in " + explorer.states() + " states");
    System.out.println(fault + " found after " + explorer.states() + " states");
  }
}
