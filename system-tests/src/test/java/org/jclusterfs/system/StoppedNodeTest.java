package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** A daemon that stands still for longer than its threshold, then wakes up. */
class StoppedNodeTest {

  @Test
  void itsMountStaysDeadUntilItIsMountedAnewAndOthersGoOn() throws Exception {
    try (Target target = Target.start(Target.Kind.TGTD, "512M");
        Cluster cluster = Cluster.format(target, 3, "threshold=3")) {
      Node stopped = cluster.mount();
      Node other = cluster.mount();
      Files.writeString(stopped.path("before"), "kept");
      Commands.run("sync", stopped.path("before").toString()).orFail();
      ProcessHandle daemon = ProcessHandle.of(stopped.daemon()).orElseThrow();
      Commands.run("kill", "-STOP", Long.toString(daemon.pid())).orFail();

      Files.writeString(other.path("after"), "written by the other one");
      // The guardian gives the daemon its threshold and twice 5 s more.
      Thread.sleep(15_000);
      Commands.run("kill", "-CONT", Long.toString(daemon.pid())).orFail();
      for (int i = 0; i < 300 && daemon.isAlive(); i++) {
        Thread.sleep(100);
      }

      assertFalse(daemon.isAlive(), "the daemon ends");
      assertTrue(stopped.isMounted(), "nobody writes into the directory underneath");
      assertThrows(IOException.class, () -> Files.writeString(stopped.path("lost"), "x"));
      stopped.mount();
      assertEquals("kept", Files.readString(stopped.path("before")));
      assertEquals("written by the other one", Files.readString(stopped.path("after")));
      cluster.unmountAndCheck();
    }
  }
}
