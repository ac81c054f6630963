package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A short run of the campaign; bin/campaign kill runs it for longer, and on LIO too, which now and
 * then closes the connection of a login that follows a killed node's at once.
 */
class KillCampaignTest {

  @ParameterizedTest
  @EnumSource(names = {"FILE", "TGTD"})
  void survivorsGoOnAndNothingAcknowledgedIsLost(Target.Kind kind) {
    assertEquals(2, new KillCampaign(kind, 1, "threshold=5").run(2, Duration.ofMinutes(4)));
  }
}
