package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.target.Relay;
import org.jclusterfs.iscsi.target.StampedBlocks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A real target and its path fail in the middle of writes. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("tgtd faults") // its methods one after the other
class TgtdFaultsTest {

  private static final int WRITERS = 16;
  private static final long SEED = 5;

  @TempDir Path directory;
  private TgtdTarget target;

  private static InitiatorOptions options(Duration replacement) {
    return InitiatorOptions.of(ContractTarget.INITIATOR)
        .withTimeouts(
            Duration.ofSeconds(3), Duration.ofSeconds(60), replacement, Duration.ofMillis(500));
  }

  @BeforeEach
  void start() throws Exception {
    target = TgtdTarget.start(directory);
  }

  @AfterEach
  void stop() throws Exception {
    target.close();
  }

  @Test
  void targetKilledInMidWriteAndRestartedLosesNothingAcknowledged() throws Exception {
    Random random = new Random(SEED);
    try (Lun lun = Lun.open(options(Duration.ofSeconds(40)), target.url())) {
      StampedWriters writers = new StampedWriters(lun, WRITERS);
      for (int kill = 0; kill < 3; kill++) {
        writers.awaitMore(random.nextInt(200));
        target.kill();
        target.start();
        target.addTarget(1, TgtdTarget.IQN);
        writers.awaitMore(1);
      }
      writers.awaitMore(100);
      writers.stop(target.image());
    }
  }

  @Test
  void pathThatFallsSilentAndComesBackLosesNothingAndAppliesNothingTwice() throws Exception {
    Random random = new Random(SEED);
    try (Relay relay = new Relay(target.portal());
        Lun lun =
            Lun.open(
                options(Duration.ofSeconds(40)),
                new IscsiUrl(null, List.of(relay.portal()), List.of(TgtdTarget.IQN), 1))) {
      StampedWriters writers = new StampedWriters(lun, WRITERS);
      for (int silence = 0; silence < 3; silence++) {
        writers.awaitMore(random.nextInt(200));
        relay.setSilent(true);
        Thread.sleep(300 + random.nextInt(1500)); // shorter and longer than two pings
        relay.setSilent(false);
        writers.awaitMore(1);
      }
      writers.awaitMore(100);
      writers.stop(target.image());
    }
  }

  @Test
  void callersOnAPathThatStaysSilentAreToldAndTheirWritesDoNotComeLater() throws Exception {
    try (Relay relay = new Relay(target.portal())) {
      Lun lun =
          Lun.open(
              options(Duration.ofSeconds(1)),
              new IscsiUrl(null, List.of(relay.portal()), List.of(TgtdTarget.IQN), 1));
      relay.setSilent(true);
      List<CompletableFuture<Void>> writes = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        writes.add(lun.write(0, StampedBlocks.of(i + 1, 0, 1)));
      }
      for (CompletableFuture<Void> each : writes) {
        ExecutionException e =
            assertThrows(ExecutionException.class, () -> each.get(60, TimeUnit.SECONDS));
        assertInstanceOf(IscsiException.class, e.getCause());
      }
      lun.close();
      // What the dead connection still carries is for its session, which this login ends.
      InitiatorOptions same = options(Duration.ofSeconds(40)).withIsid(lun.session().isid());
      try (Lun next = Lun.open(same, target.url())) {
        next.write(0, StampedBlocks.of(1000, 0, 1)).get(60, TimeUnit.SECONDS);
        relay.setSilent(false);
        for (int i = 0; i < 20; i++) {
          ByteBuffer back = ByteBuffer.allocate(512);
          next.read(0, back).get(60, TimeUnit.SECONDS);
          assertEquals(1000, StampedBlocks.stamp(back, 0));
          Thread.sleep(10);
        }
      }
    }
  }
}
