package org.jclusterfs.dlm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Scenarios that once failed in the simulation, about regions whose master died. */
class LostRegionTest {
  /**
   * 4 masters a region and dies, 2 did before; one node holds something there and knows; 3 still
   * thinks of 2.
   */
  private static Transcript movedFromTwoToFour(int user, LockName name) {
    Transcript t = Transcript.open(1, 2, 3, 4, 5);
    t.unlock(2, t.request(2, name, LockMode.PR, 0), null);
    t.unlock(3, t.request(3, name, LockMode.PR, 0), null);
    t.request(user, other(name), LockMode.CR, 0);
    use(t, 4, name);
    assertTrue(t.at(4).mastersRegion(name.region()));
    t.kill(4);
    t.lines.clear();
    return t;
  }

  private static LockName other(LockName name) {
    return new LockName(name.type(), name.region(), name.id() + 1);
  }

  /** Uses a region until it comes. */
  private static void use(Transcript t, int slot, LockName name) {
    for (int i = 0; i < LockEngine.FIRST_PATIENCE; i++) {
      t.unlock(slot, t.request(slot, name, LockMode.NL, 0), null);
    }
  }

  private static String take(Transcript t) {
    String lines = String.join("\n", t.lines.stream().sorted().toList());
    t.lines.clear();
    return lines;
  }

  private static final String ASKED_AND_RECOVERED =
      """
      1: recovered 2
      2: recovered 2
      3: 302 granted EX
      3: recovered 2
      5: recovered 2""";

  @Test
  void whoAsksWhileTheRegionIsRebuiltIsServedOnce() {
    // The master before last is the directory of the new view, and rebuilds the region.
    LockName name = new LockName(2, 1, 77);
    Transcript t = movedFromTwoToFour(2, name);
    t.hold(1, 3);
    t.install(2, 1, 2, 3, 5);
    long id = t.request(3, name, LockMode.EX, 0); // before 3 has heard of all what they master
    t.release();
    assertEquals(ASKED_AND_RECOVERED, take(t));
    t.unlock(3, id, null);
    assertEquals(1, t.at(2).resourceCount());
  }

  @Test
  void whatWasAskedOfAMasterBeforeIsForgottenWhereItIsReclaimed() {
    // The master before last has nothing to do with the region any more: 1 rebuilds it.
    LockName name = new LockName(2, 4, 77);
    Transcript t = movedFromTwoToFour(1, name);
    t.hold(1, 3);
    t.install(2, 1, 2, 3, 5);
    t.request(3, name, LockMode.EX, 0);
    t.release();
    assertEquals(ASKED_AND_RECOVERED, take(t));
    // It is on its way to 5, as 2 learns before 3 does: 2 must not tell 3 to ask for all again.
    t.hold(1, 3);
    use(t, 5, other(other(name)));
    assertFalse(t.at(1).mastersRegion(name.region()));
    t.install(3, 1, 2, 3, 5);
    t.release();
    assertTrue(t.at(5).mastersRegion(name.region()));
    t.lines.clear();
    t.request(2, name, LockMode.EX, 0);
    assertEquals("3: 302 blocks EX", t.take());
  }

  @Test
  void whatThisNodeAskedOfARegionThatComesAndGoesOnKeepsItNotBack() {
    LockName name = new LockName(2, 1, 77);
    Transcript t = Transcript.open(1, 2, 3);
    t.unlock(1, t.request(1, name, LockMode.PR, 0), null);
    t.request(3, name, LockMode.NL, 0);
    t.hold(3, 1);
    use(t, 2, name);
    // It is announced to 2, and waits for 3. Meanwhile 3 asks so much that it will go to 3, then 2.
    for (int i = 0; i < 2 * LockEngine.FIRST_PATIENCE; i++) {
      t.request(3, name, LockMode.NL, 0);
    }
    final long id = t.request(2, other(name), LockMode.EX, 0);
    t.lines.clear();
    t.release();
    assertTrue(t.at(3).mastersRegion(1));
    assertTrue(t.lines.contains("2: " + id + " granted EX"));
  }
}
