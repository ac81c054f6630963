package org.jclusterfs.mount.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.mount.protocol.Opcode;
import org.junit.jupiter.api.Test;

class ListedNamesTest {
  private static final long DIR = 7;
  private static final long OTHER = 8;
  private static final int THREAD = 100;
  private static final int NEIGHBOUR = 101;

  private final ListedNames listed = new ListedNames();

  private boolean isTaken(long directory) {
    long last = listed.untaken(directory);
    assertEquals(last == 0, listed.awaitTaken(directory, Long.MAX_VALUE, 0));
    return last == 0;
  }

  @Test
  void namesAreTakenWhenTheThreadAsksForSomethingElse() {
    listed.told(DIR, 1, THREAD);
    assertFalse(isTaken(DIR));
    listed.asked(NEIGHBOUR, Opcode.LOOKUP);
    listed.asked(0, Opcode.LOOKUP);
    listed.asked(THREAD, Opcode.GETXATTR);
    listed.asked(THREAD, Opcode.FORGET);
    assertFalse(isTaken(DIR));
    listed.asked(THREAD, Opcode.READDIRPLUS);
    assertTrue(isTaken(DIR));
  }

  @Test
  void eachThreadsListingCountsByItself() {
    listed.told(DIR, 1, THREAD);
    listed.told(DIR, 2, NEIGHBOUR);
    listed.told(OTHER, 3, 0);
    listed.asked(THREAD, Opcode.LOOKUP);
    assertFalse(isTaken(DIR));
    listed.released(2);
    assertTrue(isTaken(DIR));
    assertFalse(isTaken(OTHER));
    listed.released(3);
    assertTrue(isTaken(OTHER));
  }

  @Test
  void handleThatIsListedByAnotherThreadIsThatThreadsFromThenOn() {
    listed.told(DIR, 1, THREAD);
    listed.told(DIR, 1, NEIGHBOUR);
    listed.asked(THREAD, Opcode.LOOKUP);
    assertFalse(isTaken(DIR));
    listed.asked(NEIGHBOUR, Opcode.LOOKUP);
    assertTrue(isTaken(DIR));
  }

  @Test
  void namesOfOneDirectoryAreTakenWhenItsInodeIsLocked() {
    listed.told(DIR, 1, THREAD);
    listed.told(OTHER, 2, NEIGHBOUR);
    listed.locked(DIR);
    assertTrue(isTaken(DIR));
    assertFalse(isTaken(OTHER));
  }

  @Test
  void listingsAfterANoticeAreNotTakenByIt() {
    listed.told(DIR, 1, THREAD);
    long last = listed.untaken(DIR);
    listed.told(DIR, 2, NEIGHBOUR);
    listed.taken(DIR, last);
    assertNotEquals(last, listed.untaken(DIR));
    assertTrue(listed.awaitTaken(DIR, last, 0));
    assertFalse(isTaken(DIR));
  }

  @Test
  void whoWaitsGoesOnWhenTheLastOneIsTaken() throws Exception {
    listed.told(DIR, 1, THREAD);
    listed.told(DIR, 2, NEIGHBOUR);
    long last = listed.untaken(DIR);
    CompletableFuture<Boolean> waiting =
        CompletableFuture.supplyAsync(
            () -> listed.awaitTaken(DIR, last, TimeUnit.SECONDS.toNanos(30)));
    listed.asked(THREAD, Opcode.OPENDIR);
    assertFalse(waiting.isDone());
    listed.released(2);
    assertTrue(waiting.get(20, TimeUnit.SECONDS));
  }
}
