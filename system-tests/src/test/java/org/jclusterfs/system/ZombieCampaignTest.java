package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A short run of the campaign; bin/campaign zombie runs it for longer. */
class ZombieCampaignTest {

  @ParameterizedTest
  @EnumSource(names = {"FILE", "TGTD"})
  void noWriteOfAStoppedNodeLandsAfterOthersTookItsFilesOver(Target.Kind kind) {
    assertEquals(1, new ZombieCampaign(kind, 1, "threshold=5").run(1, Duration.ofMinutes(4)));
  }
}
