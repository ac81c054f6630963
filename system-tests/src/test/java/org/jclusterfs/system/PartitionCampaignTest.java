package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import org.jclusterfs.system.PartitionCampaign.Cut;
import org.junit.jupiter.api.Test;

/** A short run of the campaign; bin/campaign partition runs it for longer, with all cuts. */
class PartitionCampaignTest {

  @Test
  void exactlyOneSideGoesOnAndNothingAcknowledgedIsLost() {
    List<Cut> cuts = List.of(Cut.ONE_APART, Cut.NO_LUN);
    assertEquals(
        cuts.size(),
        new PartitionCampaign(Target.Kind.TGTD, 1, "threshold=4", cuts)
            .run(cuts.size(), Duration.ofMinutes(4)));
  }
}
