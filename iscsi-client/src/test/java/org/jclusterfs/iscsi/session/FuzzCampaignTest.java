package org.jclusterfs.iscsi.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** A short run of the campaign. */
class FuzzCampaignTest {

  @Test
  void whatTargetsSendGivesTypedFailuresOnly() throws Exception {
    assertTrue(FuzzCampaign.run(System.out, 1, 15_000));
  }
}
