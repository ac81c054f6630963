package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A short run of the campaign; bin/campaign power runs it for longer. */
class PowerCampaignTest {

  @Test
  void whatWasFsyncedSurvivesPowerCutOfTarget() {
    assertEquals(1, new PowerCampaign(1, "threshold=5").run(1, Duration.ofMinutes(4)));
  }
}
