package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A fixed part of the enumeration; {@link CrashCampaign} does all of it. */
class CrashEnumerationTest {

  @Test
  void everySyncedOperationSurvivesPowerCutsAtEveryWrite() throws Exception {
    CrashExplorer explorer = new CrashExplorer();
    long seed = 1;
    for (CrashOperation operation : CrashOperation.all()) {
      CrashSequence sequence = CrashSequence.parse(operation.name() + ":fsync");
      if (sequence.makesSense()) {
        explore(explorer, sequence, seed++);
      }
    }
    System.out.println("visited: " + explorer);
    assertTrue(explorer.states() > 3000, explorer.toString());
  }

  @Test
  void chosenSequencesOfTwoOperationsSurvivePowerCutsAtEveryWrite() throws Exception {
    CrashExplorer explorer = new CrashExplorer();
    for (String sequence :
        List.of(
            "create:fsync,rename-new-over-big",
            "append-big-many,truncate-big:fsync",
            "unlink-big,append-small-out:fsync",
            "unlink-open-big:sync,write-small-behind",
            "xattr-remove-big:fdatasync,append-small-out",
            "mkdir,rename-into-made:fsync-directory")) {
      explore(explorer, CrashSequence.parse(sequence), 1);
    }
    System.out.println("visited: " + explorer);
  }

  private static void explore(CrashExplorer explorer, CrashSequence sequence, long seed)
      throws Exception {
    try {
      explorer.explore(sequence, seed, true);
    } catch (CrashExplorer.Violation e) {
      throw new AssertionError("--seed " + seed + " --sequence " + sequence + ": " + e, e);
    }
  }
}
