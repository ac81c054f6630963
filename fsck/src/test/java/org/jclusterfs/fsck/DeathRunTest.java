package org.jclusterfs.fsck;

import org.junit.jupiter.api.Test;

/** A fixed part of the deaths of single nodes; {@link CrashCampaign} makes more of them. */
class DeathRunTest {
  private static final int SIDE_BY_SIDE = 12;
  private static final int DEATHS = 10;
  private static final int POWER_CUTS = 10;

  @Test
  void nodeThatDiesAtAnyOfItsWritesIsRecoveredByThoseWhoLive() throws Exception {
    DeathEnumeration deaths = new DeathEnumeration(1, SIDE_BY_SIDE, POWER_CUTS);
    deaths.run(DEATHS);
    System.out.println(
        deaths.runs() + " deaths, " + deaths.states() + " states, late " + deaths.landedLate());
  }
}
