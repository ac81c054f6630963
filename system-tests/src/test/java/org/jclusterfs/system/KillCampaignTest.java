package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A short run of the campaign; bin/campaign kill runs it for longer. */
class KillCampaignTest {

  /**
   * The second kill, of a node that has recovered another, on one target: its kind is no matter.
   */
  @ParameterizedTest
  @CsvSource({"FILE, 1", "TGTD, 2", "LIO, 1"})
  void survivorsGoOnAndNothingAcknowledgedIsLost(Target.Kind kind, int kills) {
    assertEquals(kills, new KillCampaign(kind, 1, "threshold=5").run(kills, Duration.ofMinutes(4)));
  }
}
