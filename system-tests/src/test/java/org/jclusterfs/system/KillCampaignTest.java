package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A short run of the campaign; bin/campaign kill runs it for longer. */
class KillCampaignTest {

  @ParameterizedTest
  @EnumSource
  void survivorsGoOnAndNothingAcknowledgedIsLost(Target.Kind kind) {
    assertEquals(2, new KillCampaign(kind, 1, "threshold=5").run(2, Duration.ofMinutes(4)));
  }
}
