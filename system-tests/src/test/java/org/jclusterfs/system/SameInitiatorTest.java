package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Mounts that log in under one initiator name on LIO, which keeps the right to write by that name:
 * what a killed daemon left registered must keep nobody out, and must take nobody's right along.
 */
class SameInitiatorTest {

  private static final String THRESHOLD = "threshold=4";

  private static Target target;

  @BeforeAll
  static void startTarget() {
    target = Target.start(Target.Kind.LIO, "512M");
  }

  @AfterAll
  static void stopTarget() {
    target.close();
  }

  private static Node sameNameAs(Node node) {
    return new Node(9, WorkDirectory.make("again"), target.device(), node.options());
  }

  @Test
  void besideLiveMountTheNameIsRefusedInWords() {
    try (Cluster cluster = Cluster.format(target, 3, THRESHOLD)) {
      Node first = cluster.mount();
      Outcome outcome = sameNameAs(first).tryMount();
      assertEquals(32, outcome.status(), outcome.err());
      assertTrue(outcome.err().contains(Long.toString(first.daemon())), outcome.err());
      assertTrue(outcome.err().contains("-o initiator=IQN"), outcome.err());
      cluster.unmountAndCheck();
    }
  }

  @Test
  void theOnlyNodeMountsAgainAfterItWasKilled() throws IOException {
    try (Cluster cluster = Cluster.format(target, 3, THRESHOLD)) {
      Node node = cluster.mount();
      Commands.shell("echo kept > %s && sync %s".formatted(node.path("f"), node.path("f")))
          .orFail();
      node.kill();
      node.clearDeadMount();
      node.mount();
      assertEquals("kept\n", Files.readString(node.path("f")));
      cluster.unmountAndCheck();
    }
  }

  @Test
  void nodesOfTheNameWriteOnAfterTheirPredecessorIsFenced() throws Exception {
    try (Cluster cluster = Cluster.format(target, 4, THRESHOLD)) {
      Node holder = cluster.mount();
      Node other = cluster.mount();
      for (Node killed : new Node[] {other, holder}) {
        Node survivor = killed == other ? holder : other;
        killed.kill();
        killed.clearDeadMount();
        killed.mount();
        for (int i = 0; i < 30; i++) {
          Path file = killed.path("f" + i);
          Files.writeString(file, "x");
          assertEquals("x", Files.readString(survivor.path("f" + i)));
          Files.delete(file);
          Thread.sleep(200);
        }
      }
      cluster.unmountAndCheck();
    }
  }
}
