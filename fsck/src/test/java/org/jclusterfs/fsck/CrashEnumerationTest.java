package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
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

  @Test
  void enumerationHasEachSequenceThatCanSucceedOnce() {
    CrashEnumeration enumeration = new CrashEnumeration();
    Set<String> all = new HashSet<>();
    int expected = 0;
    for (CrashEnumeration.Family family : enumeration.families()) {
      assertEquals(expected, family.first(), "number of " + family.operations());
      expected = family.end();
      family.sequences().forEach(sequence -> assertTrue(all.add(sequence.toString())));
    }
    assertEquals(enumeration.size(), expected);
    assertEquals(enumeration.size(), all.size());
    Random random = new Random(1);
    List<CrashOperation> operations = CrashOperation.all();
    for (int i = 0; i < 2000; i++) {
      CrashSequence sequence =
          new CrashSequence(
              List.of(step(random, operations), step(random, operations))
                  .subList(0, 1 + random.nextInt(2)));
      List<CrashSequence.Step> steps = sequence.steps();
      boolean expectedThere =
          sequence.makesSense()
              && steps.get(steps.size() - 1).persistence() != CrashSequence.Persistence.REST;
      assertEquals(expectedThere, all.contains(sequence.toString()), sequence.toString());
    }
  }

  private static CrashSequence.Step step(Random random, List<CrashOperation> operations) {
    CrashSequence.Persistence[] choices = CrashSequence.Persistence.values();
    return new CrashSequence.Step(
        operations.get(random.nextInt(operations.size())), choices[random.nextInt(choices.length)]);
  }

  @Test
  void sequenceRecordedLikeAnotherIsNotExploredAgain() throws Exception {
    CrashExplorer explorer = new CrashExplorer();
    Set<Long> recordings = new HashSet<>();
    explorer.explore(CrashSequence.parse("create,mkdir:fsync"), 1, false, recordings);
    long states = explorer.states();
    explorer.explore(CrashSequence.parse("create,mkdir"), 1, false, recordings);
    assertTrue(explorer.states() > states, "another one is");
    assertEquals(2, recordings.size());
    // A thread that has to wait for a processor may let the cleaner write: not each time.
    for (int attempt = 0; explorer.alike() == 0; attempt++) {
      assertTrue(attempt < 20, "the same calls write the same");
      explorer.explore(CrashSequence.parse("create,mkdir:fsync-directory"), 1, false, recordings);
    }
  }

  @Test
  void partsOfEnumerationAreToldOnCommandLine() {
    CrashCampaignOptions options =
        CrashCampaignOptions.parse("--enumerate", "--share", "2/3", "--from", "100", "--seed", "7");
    assertTrue(options.enumerateOnly());
    assertEquals(2, options.share());
    assertEquals(3, options.shares());
    assertEquals(100, options.from());
    assertEquals(7, options.seed());
    for (String wrong :
        List.of(
            "--share 3/2",
            "--share a/b",
            "--share 1",
            "--from x",
            "--from",
            "--threads 0",
            "--odd 1")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> CrashCampaignOptions.parse(wrong.split(" ")),
          wrong);
    }
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
