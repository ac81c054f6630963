package org.jclusterfs.fsck;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;

/** Power cuts at random writes; {@link CrashCampaign} does the same for as long as one likes. */
class CrashTest {

  @Property(tries = 15, shrinking = ShrinkingMode.OFF)
  void afterPowerCutTreeIsAsSomeTransactionLeftItAndCheckIsClean(
      @ForAll @LongRange(min = 0, max = 1_000_000_000) long seed) throws Exception {
    new CrashRun(seed).run();
  }

  @Property(tries = 4, shrinking = ShrinkingMode.OFF)
  void onFullVolumeRemovingWorksAndCheckIsClean(
      @ForAll @LongRange(min = 0, max = 1_000_000_000) long seed) throws Exception {
    new FullVolumeRun(seed).run();
  }

  @Property(tries = 5, shrinking = ShrinkingMode.OFF)
  void afterPowerCutOfTwoNodesWhatWasSyncedIsWholeAndCheckIsClean(
      @ForAll @LongRange(min = 0, max = 1_000_000_000) long seed) throws Exception {
    new ClusterCrashRun(seed).run();
  }
}
