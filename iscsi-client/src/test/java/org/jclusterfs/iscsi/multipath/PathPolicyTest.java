package org.jclusterfs.iscsi.multipath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Selectors, and the options by which users choose them. */
class PathPolicyTest {

  private record Busy(int inFlight, long bytesInFlight) implements PathLoad {}

  private static final PathLoad MANY_SMALL = new Busy(8, 8 * 512);
  private static final PathLoad ONE_LARGE = new Busy(1, 1 << 20);
  private static final PathLoad IDLE = new Busy(0, 0);

  private static int choose(PathPolicy policy, PathLoad... paths) {
    return policy.selector().choose(paths);
  }

  @Test
  void roundRobinTakesOneAfterTheOtherHoweverBusy() {
    PathSelector selector = PathPolicy.ROUND_ROBIN.selector();
    PathLoad[] paths = {MANY_SMALL, IDLE, ONE_LARGE};
    for (int i = 0; i < 9; i++) {
      assertEquals(i % 3, selector.choose(paths));
    }
  }

  @Test
  void queueLengthCountsRequestsAndServiceTimeBytes() {
    assertEquals(1, choose(PathPolicy.QUEUE_LENGTH, MANY_SMALL, ONE_LARGE));
    assertEquals(0, choose(PathPolicy.SERVICE_TIME, MANY_SMALL, ONE_LARGE));
    assertEquals(2, choose(PathPolicy.QUEUE_LENGTH, MANY_SMALL, ONE_LARGE, IDLE));
    assertEquals(2, choose(PathPolicy.SERVICE_TIME, MANY_SMALL, ONE_LARGE, IDLE));
  }

  @Test
  void pathsThatAreEquallyBusyTakeTurns() {
    PathSelector selector = PathPolicy.SERVICE_TIME.selector();
    PathLoad[] paths = {IDLE, IDLE, MANY_SMALL};
    int[] chosen = new int[3];
    for (int i = 0; i < 30; i++) {
      chosen[selector.choose(paths)]++;
    }
    assertEquals(0, chosen[2]);
    assertTrue(Math.min(chosen[0], chosen[1]) >= 10, chosen[0] + " and " + chosen[1]);
  }

  @Test
  void optionsAreReadByTheNamesOfDmMultipath() {
    MultipathOptions options =
        MultipathOptions.parse(
            Map.of(
                "path_selector",
                "queue-length",
                "replacement_timeout",
                "5",
                "no_path_retry",
                "12",
                "polling_interval",
                "2"));
    assertEquals(PathPolicy.QUEUE_LENGTH, options.selector());
    assertEquals(Duration.ofSeconds(5 + 12 * 2).toNanos(), options.patienceNanos());
    assertEquals(MultipathOptions.DEFAULTS, MultipathOptions.parse(Map.of()));
    assertEquals(
        Long.MAX_VALUE, MultipathOptions.parse(Map.of("no_path_retry", "queue")).patienceNanos());
  }

  @Test
  void whatNobodyKnowsIsRefusedByName() {
    Map.of(
            "path_selector", "fastest",
            "replacement_timeout", "0",
            "no_path_retry", "never",
            "polling_interval", "x",
            "path_checker", "tur")
        .forEach(
            (name, value) -> {
              String told =
                  assertThrows(
                          IllegalArgumentException.class,
                          () -> MultipathOptions.parse(Map.of(name, value)))
                      .getMessage();
              assertTrue(told.contains(name), told);
            });
  }

  @Test
  void statesFollowTheTable() {
    String table =
        """
        CONNECTING UP DOWN REFUSED CLOSED
        UP DOWN REFUSED CLOSED
        DOWN UP REFUSED CLOSED
        REFUSED CLOSED
        CLOSED""";
    String found = "";
    for (PathState from : PathState.values()) {
      found += (found.isEmpty() ? "" : "\n") + from.name();
      for (PathState to : PathState.values()) {
        found += from.mayBecome(to) ? " " + to.name() : "";
      }
    }
    assertEquals(table, found);
  }
}
