package org.jclusterfs.system;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * Short runs of the benches that say whether what they did was right. How fast it was, nobody asks.
 */
class BenchesTest {

  @Test
  void noTurnIsLostBetweenTwoMounts() throws IOException {
    new HandoffBench(Target.Kind.TGTD, 0, 1, 1, "").run();
  }

  @Test
  void pingPongOnTwoMountsCountsWhatBothDid() throws IOException {
    new PingPongBench(Target.Kind.TGTD, 0, 4, 1, "").run();
  }

  @Test
  void holderOfManyLocksIsJoinedLeavesAndDies() throws IOException {
    new LocksBench(Target.Kind.FILE, 0, 2_000, "").run();
  }
}
