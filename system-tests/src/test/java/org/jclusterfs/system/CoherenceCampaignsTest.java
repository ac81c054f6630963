package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Short runs of the campaigns about what nodes see of each other, on one cluster of three nodes;
 * bin/campaign runs each for longer.
 */
class CoherenceCampaignsTest {

  private static final Target.Kind KIND = Target.Kind.TGTD;
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private static Target target;
  private static Cluster cluster;

  @BeforeAll
  static void mount() {
    target = Target.start(KIND, "4G");
    cluster = Cluster.formatForHelpers(target, 4, "");
    for (int n = 0; n < 3; n++) {
      cluster.mount();
    }
  }

  @AfterAll
  static void unmountAndCheck() {
    try (Target started = target;
        Cluster mounted = cluster) {
      mounted.unmountAndCheck();
    }
  }

  @Test
  void everyOperationHasTheResultOfTheModelOnWhicheverMount() throws Exception {
    assertEquals(4_000, new FsxCampaign(KIND, 1, "", 2, 8).on(cluster, 4_000, LIMIT));
  }

  @Test
  void someOrderExplainsWhatProcessesOfTwoNodesSee() throws Exception {
    assertEquals(1_600, new NamespaceCampaign(KIND, 1, "", 2).on(cluster, 1_600, LIMIT));
  }

  @Test
  void storesOfOneNodeAreSeenByTheOtherWithoutMsync() throws Exception {
    assertEquals(200, new MmapCampaign(KIND, 1, "").on(cluster, 200, LIMIT));
  }

  @Test
  void recordsOfThreeNodesAreAllThereAndWhole() throws Exception {
    assertEquals(3 * 400, new AppendCampaign(KIND, 1, "").on(cluster, 400, LIMIT));
  }

  @Test
  void sessionsOfThreeServersCountEveryRequest() throws Exception {
    assertTrue(new PhpCampaign(KIND, 1, "").steady(cluster, Duration.ofSeconds(2)) > 0);
  }
}
