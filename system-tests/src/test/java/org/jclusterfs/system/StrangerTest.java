package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Somebody who can reach the lock manager's port of two real nodes, and no more: while a lock goes
 * to and fro between them nothing that he does is to be seen there, nor in their memory,
 * descriptors or logs.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StrangerTest {

  private static final long SEED = 4;
  private static final int IDLE = 10_000;

  /** Bytes. The heap may grow by the work with the lock that goes on meanwhile. */
  private static final long MOST_GROWTH = 256L << 20;

  /** Connections that may be unproven at a time, and as many that are being closed. */
  private static final int MOST_DESCRIPTORS = 2 * 64 + 16;

  private final Random random = new Random(SEED);
  private Target target;
  private Cluster cluster;
  private PingPong pingPong;
  private List<LockPort> ports;

  @BeforeAll
  void mountTwiceAndHandALockToAndFro() throws IOException {
    target = Target.start(Target.Kind.FILE, "512M");
    cluster = Cluster.format(target, 4, "threshold=10");
    cluster.mount();
    cluster.mount();
    ports = LockPort.of(target.image());
    assertEquals(2, ports.size());
    pingPong = new PingPong(cluster.nodes());
    pingPong.awaitRounds(200);
  }

  @AfterAll
  void unmountAndCheck() throws IOException {
    try (Target ending = target;
        Cluster closing = cluster) {
      pingPong.close();
      closing.unmountAndCheck();
    }
  }

  /** What a stranger does to one port. */
  @FunctionalInterface
  private interface Attack {
    void on(LockPort port) throws IOException;
  }

  /** Attacks both ports while the lock goes on, and looks at the nodes before and after. */
  private void bear(Attack attack) throws IOException {
    // A third node comes and goes in one of the tests.
    List<Node> attacked = cluster.nodes().subList(0, ports.size());
    long began = System.nanoTime();
    List<Footprint> before = new ArrayList<>();
    for (Node node : attacked) {
      before.add(Footprint.of(node));
    }
    long[] logs = attacked.stream().mapToLong(Node::logSize).toArray();
    for (LockPort port : ports) {
      attack.on(port);
    }
    pingPong.awaitRounds(100);
    long minutes = TimeUnit.NANOSECONDS.toMinutes(System.nanoTime() - began);
    for (int n = 0; n < ports.size(); n++) {
      Node node = attacked.get(n);
      Footprint now = Footprint.of(node);
      assertTrue(
          now.resident() - before.get(n).resident() < MOST_GROWTH,
          () -> node + " grew to " + now + " from " + before);
      assertTrue(
          now.descriptors() - before.get(n).descriptors() <= MOST_DESCRIPTORS,
          () -> node + " has " + now + ", before " + before);
      List<String> lines = node.logged("", logs[n]);
      assertTrue(lines.size() <= 1 + minutes, () -> node + " says " + lines);
    }
    for (Node node : attacked) {
      assertTrue(node.logged("withdraws", 0).isEmpty());
      assertTrue(node.logged("fencing slot", 0).isEmpty());
    }
  }

  @Test
  void garbageIsRefused() throws IOException {
    bear(
        port -> {
          for (int n = 0; n < 100; n++) {
            byte[] garbage = new byte[1 + random.nextInt(8192)];
            random.nextBytes(garbage);
            try (Stranger stranger = port.connect()) {
              stranger.send(garbage);
            }
          }
          for (String text : List.of("GET / HTTP/1.1\r\n\r\n", "\0\0\0\0", "\0\0\0\1")) {
            try (Stranger stranger = port.connect()) {
              stranger.send(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
            }
          }
        });
  }

  @Test
  void oversizedFramesAreRefusedBeforeTheyAreRead() throws IOException {
    bear(
        port -> {
          for (int length : new int[] {0, -1, Integer.MAX_VALUE, 65_537, 1 << 20}) {
            for (int n = 0; n < 20; n++) {
              try (Stranger stranger = port.connect()) {
                stranger.send(Stranger.frameHead(length));
                assertTrue(stranger.isClosedByOther(), "a frame of " + length + " bytes");
              }
            }
          }
        });
  }

  @Test
  void wrongSecretIsRefused() throws IOException {
    byte[] wrong = new byte[32];
    random.nextBytes(wrong);
    LockPort accepting = ports.get(1);
    bear(
        port -> {
          for (int n = 0; n < 30; n++) {
            try (Stranger stranger = accepting.connect()) {
              byte[] hello = accepting.helloFrom(ports.get(0), random);
              byte[] answer = stranger.greet(hello);
              stranger.sendProof(Stranger.proof(wrong, hello, answer));
              assertTrue(stranger.isClosedByOther());
            }
          }
        });
  }

  @Test
  void replayedHandshakeIsRefused() throws IOException {
    LockPort accepting = ports.get(1);
    byte[] hello = accepting.helloFrom(ports.get(0), random);
    byte[] recorded;
    try (Stranger listener = accepting.connect()) {
      // What who knows the secret would have sent, and somebody listened to.
      recorded = Stranger.proof(accepting.secret(), hello, listener.greet(hello));
    }
    bear(
        port -> {
          for (int n = 0; n < 30; n++) {
            try (Stranger stranger = accepting.connect()) {
              stranger.greet(hello);
              stranger.sendProof(recorded);
              assertTrue(stranger.isClosedByOther());
            }
          }
        });
  }

  @Test
  void idleConnectionsKeepNobodyOutAndTakeNoRoom() throws IOException {
    List<Stranger> idle = new ArrayList<>();
    try {
      byte[] almost = new byte[60_000];
      bear(
          port -> {
            for (int n = 0; n < IDLE / ports.size(); n++) {
              Stranger stranger = port.connect();
              idle.add(stranger);
              // Every tenth within a frame that is never whole.
              if (n % 10 == 0) {
                stranger.sendIfOpen(Stranger.frameHead(65_000), almost);
              }
            }
          });
      assertEquals(IDLE, idle.size());
      Node third = cluster.mount();
      Files.writeString(third.path("third"), "was let in");
      assertEquals("was let in", Files.readString(cluster.nodes().get(0).path("third")));
      third.unmount();
      assertFalse(third.isMounted());
    } finally {
      for (Stranger stranger : idle) {
        stranger.close();
      }
    }
  }

  /** What a daemon holds. */
  private record Footprint(long resident, int descriptors) {
    static Footprint of(Node node) throws IOException {
      Path process = Path.of("/proc", Long.toString(node.daemon()));
      String kib =
          Files.readString(process.resolve("status")).replaceAll("(?s).*VmRSS:\\s*(\\d+).*", "$1");
      try (Stream<Path> open = Files.list(process.resolve("fd"))) {
        return new Footprint(Long.parseLong(kib) << 10, (int) open.count());
      }
    }
  }
}
