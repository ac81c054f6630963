package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import org.jclusterfs.system.MultipathCampaign.Fault;
import org.junit.jupiter.api.Test;

/** A short run of the campaign; bin/campaign multipath runs it for longer, with all faults. */
class MultipathCampaignTest {

  @Test
  void requestsGoOnByTheOtherPortalInOrderAndBothComeBack() {
    // How long they take is measured by bin/campaign, on a machine with nothing else to do.
    Duration longest = Duration.ofMinutes(1);
    assertEquals(
        2, new MultipathCampaign(1, List.of(Fault.DROPPED), longest).run(2, Duration.ofMinutes(3)));
  }
}
