package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.InitiatorOptions.Digests;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.target.ModelDisk;
import org.jclusterfs.iscsi.target.ModelDisk.Result;
import org.jclusterfs.iscsi.target.ModelSession.Script;
import org.jclusterfs.iscsi.target.ModelSession.Settings;
import org.jclusterfs.iscsi.target.ModelTarget;
import org.jclusterfs.iscsi.target.ModelTarget.Fault;
import org.jclusterfs.iscsi.target.StampedBlocks;
import org.jclusterfs.iscsi.wire.Opcode;
import org.junit.jupiter.api.Test;

/** Whole sessions with a model of a target over TCP, with a fault at each of their PDUs. */
class ModelTargetFaultsTest {

  private static final int ROUNDS = 3;
  private static final int WIDE = 40;
  private static final long FAR = 64;
  private static final Script PLAIN = new Script() {};
  private static final long HANG_GUARD_SECONDS = 60;

  private static InitiatorOptions options() {
    return InitiatorOptions.of("iqn.2026-01.com.example.client:faults")
        .withTimeouts(
            Duration.ofSeconds(8),
            Duration.ofSeconds(30),
            Duration.ofSeconds(20),
            Duration.ofSeconds(1));
  }

  private static void await(CompletableFuture<?> future) throws Exception {
    future.get(HANG_GUARD_SECONDS, TimeUnit.SECONDS);
  }

  /** Opens the unit, again where a fault hits the very first login. */
  private static Lun open(InitiatorOptions options, ModelTarget target) throws Exception {
    try {
      return Lun.open(options, target.url());
    } catch (IscsiException first) {
      return Lun.open(options, target.url());
    }
  }

  /** Writes stamped blocks, over and over, reads them back, flushes, logs out. */
  private static void session(InitiatorOptions options, ModelTarget target) throws Exception {
    try (Lun lun = open(options, target)) {
      for (int round = 1; round <= ROUNDS; round++) {
        CompletableFuture<Void> near = lun.write(0, StampedBlocks.of(round, 0, 2));
        CompletableFuture<Void> far =
            lun.write(FAR * ModelDisk.BLOCK, StampedBlocks.of(round, FAR, WIDE));
        await(near);
        await(far);
        ByteBuffer back = ByteBuffer.allocateDirect(WIDE * ModelDisk.BLOCK);
        await(lun.read(FAR * ModelDisk.BLOCK, back));
        assertEquals(StampedBlocks.of(round, FAR, WIDE), back);
      }
      await(lun.flush());
    }
  }

  private static void audit(ModelDisk disk) {
    StampedBlocks.neverWentBack(disk.applied());
    assertEquals(ROUNDS, StampedBlocks.stamp(ByteBuffer.wrap(disk.read(0, 1)), 0));
    for (long lba = FAR; lba < FAR + WIDE; lba++) {
      assertEquals(ROUNDS, StampedBlocks.stamp(ByteBuffer.wrap(disk.read(lba, 1)), lba));
    }
  }

  /** A whole session per PDU of the session without a fault, with the fault there. */
  private static int atEachPdu(Settings settings, InitiatorOptions options, Fault fault, int step)
      throws Exception {
    int pdus;
    try (ModelTarget target = new ModelTarget(settings, new ModelDisk(256), PLAIN)) {
      session(options, target);
      pdus = target.pdus();
    }
    ExecutorService pool = Executors.newFixedThreadPool(16);
    try {
      List<Future<?>> runs = new ArrayList<>();
      for (int at = 0; at < pdus; at += step) {
        int index = at;
        runs.add(
            pool.submit(
                () -> {
                  ModelDisk disk = new ModelDisk(256);
                  try (ModelTarget target = new ModelTarget(settings, disk, PLAIN)) {
                    target.setFaults((i, pdu) -> i == index ? fault : Fault.NONE);
                    session(options, target);
                    audit(disk);
                  } catch (Throwable e) {
                    throw new AssertionError(fault + " at PDU " + index, e);
                  }
                  return null;
                }));
      }
      for (Future<?> run : runs) {
        run.get(2 * HANG_GUARD_SECONDS, TimeUnit.SECONDS);
      }
      return runs.size();
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void cutBeforeAnyPduLosesNothing() throws Exception {
    assertTrue(atEachPdu(Settings.plain(), options(), Fault.CUT_BEFORE, 1) > 60);
  }

  @Test
  void cutAfterAnyPduLosesNothing() throws Exception {
    assertTrue(
        atEachPdu(Settings.plain().withUnsolicitedData(), options(), Fault.CUT_AFTER, 1) > 60);
  }

  @Test
  void wrongDigestAtAnyPduIsRepairedByANewSession() throws Exception {
    Settings settings = Settings.plain().withDigests();
    InitiatorOptions options = options().withDigests(Digests.REQUIRED);
    assertTrue(atEachPdu(settings, options, Fault.HEADER_DIGEST, 2) > 30);
    assertTrue(atEachPdu(settings, options, Fault.DATA_DIGEST, 2) > 30);
  }

  @Test
  void silenceFromAnyPduOnIsFoundOutByPings() throws Exception {
    InitiatorOptions options =
        options()
            .withTimeouts(
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                Duration.ofSeconds(20),
                Duration.ofMillis(300));
    assertTrue(atEachPdu(Settings.plain(), options, Fault.SILENCE, 4) > 15);
  }

  @Test
  void callersOfATargetThatStaysSilentAreTold() throws Exception {
    ModelDisk disk = new ModelDisk(256);
    InitiatorOptions options =
        options()
            .withTimeouts(
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                Duration.ofSeconds(1),
                Duration.ofMillis(500));
    try (ModelTarget target = new ModelTarget(Settings.plain(), disk, PLAIN);
        Lun lun = Lun.open(options, target.url())) {
      target.setFaults((index, pdu) -> Fault.SILENCE);
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        all.add(lun.write(0, StampedBlocks.of(i + 1, 0, 1)));
      }
      for (CompletableFuture<Void> each : all) {
        ExecutionException e =
            assertThrows(
                ExecutionException.class, () -> each.get(HANG_GUARD_SECONDS, TimeUnit.SECONDS));
        assertInstanceOf(ConnectionLostException.class, e.getCause());
      }
      assertEquals(List.of(), disk.applied());
    }
  }

  @Test
  void stuckCommandIsAbortedAndTheSessionLives() throws Exception {
    InitiatorOptions options =
        options()
            .withTimeouts(
                Duration.ofSeconds(5),
                Duration.ofSeconds(4),
                Duration.ofSeconds(5),
                Duration.ofSeconds(1));
    Script stuck =
        new Script() {
          @Override
          public boolean isStuck(byte[] cdb) {
            return (cdb[0] & 0xff) == 0x88 && cdb[9] == 77;
          }
        };
    try (ModelTarget target = new ModelTarget(Settings.plain(), new ModelDisk(256), stuck);
        Lun lun = Lun.open(options, target.url())) {
      CompletableFuture<Void> read =
          lun.read(77 * ModelDisk.BLOCK, ByteBuffer.allocateDirect(ModelDisk.BLOCK));
      ExecutionException e = assertThrows(ExecutionException.class, () -> await(read));
      assertInstanceOf(CommandTimeoutException.class, e.getCause());
      await(lun.write(0, StampedBlocks.of(1, 0, 1)));
      assertEquals(1, target.logins());
    }
  }

  @Test
  void busyAndFullTaskSetsAreWaitedOut() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Script busy =
        new Script() {
          @Override
          public Result instead(byte[] cdb) {
            boolean medium = (cdb[0] & 0xff) == 0x8a || (cdb[0] & 0xff) == 0x88;
            int call = medium ? calls.getAndIncrement() : 2;
            return call % 3 == 2 ? null : Result.status(call % 3 == 0 ? 0x08 : 0x28);
          }
        };
    ModelDisk disk = new ModelDisk(256);
    try (ModelTarget target = new ModelTarget(Settings.plain(), disk, busy)) {
      session(options(), target);
      audit(disk);
    }
    assertTrue(calls.get() >= 3 * 3 * ROUNDS);
  }

  @Test
  void growthIsNoticedByItsUnitAttention() throws Exception {
    ModelDisk disk = new ModelDisk(64);
    AtomicInteger attentions = new AtomicInteger();
    Script growing =
        new Script() {
          @Override
          public Result instead(byte[] cdb) {
            boolean write = (cdb[0] & 0xff) == 0x8a;
            if (!write || attentions.getAndIncrement() > 0) {
              return null;
            }
            disk.grow(256);
            return Result.check(6, 0x2a, 9);
          }
        };
    try (ModelTarget target = new ModelTarget(Settings.plain(), disk, growing);
        Lun lun = Lun.open(options(), target.url())) {
      CompletableFuture<Capacity> told = new CompletableFuture<>();
      lun.setCapacityListener(told::complete);
      assertEquals(64, lun.capacity().blocks());
      await(lun.write(0, StampedBlocks.of(1, 0, 1)));
      assertEquals(256, told.get(HANG_GUARD_SECONDS, TimeUnit.SECONDS).blocks());
      assertEquals(256, lun.capacity().blocks());
      await(lun.write(200 * ModelDisk.BLOCK, StampedBlocks.of(1, 200, 1)));
      assertEquals(256, lun.refreshCapacity().get(20, TimeUnit.SECONDS).blocks());
    }
  }

  @Test
  void compareAndWriteIsNotSentAgainWhereItsAnswerIsLost() throws Exception {
    ModelDisk disk = new ModelDisk(64);
    try (ModelTarget target = new ModelTarget(Settings.plain(), disk, PLAIN);
        Lun lun = Lun.open(options(), target.url())) {
      ByteBuffer zeros = ByteBuffer.allocate(ModelDisk.BLOCK);
      assertTrue(
          lun.compareAndWrite(0, zeros, StampedBlocks.of(1, 0, 1)).get(20, TimeUnit.SECONDS));
      assertFalse(
          lun.compareAndWrite(0, zeros, StampedBlocks.of(2, 0, 1)).get(20, TimeUnit.SECONDS));
      target.setFaults(
          (index, pdu) -> pdu.opcode() == Opcode.SCSI_RESPONSE ? Fault.CUT_BEFORE : Fault.NONE);
      CompletableFuture<Boolean> lost =
          lun.compareAndWrite(0, StampedBlocks.of(1, 0, 1), StampedBlocks.of(3, 0, 1));
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> lost.get(20, TimeUnit.SECONDS));
      assertInstanceOf(ConnectionLostException.class, e.getCause());
      target.setFaults((index, pdu) -> Fault.NONE);
      ByteBuffer back = ByteBuffer.allocate(ModelDisk.BLOCK);
      await(lun.read(0, back));
      assertEquals(3, StampedBlocks.stamp(back, 0));
      assertEquals(2, disk.applied().size());
    }
  }

  @Test
  void writeSameStaysWithinTheUnitsLimit() throws Exception {
    ModelDisk disk = new ModelDisk(256);
    try (ModelTarget target = new ModelTarget(Settings.plain(), disk, PLAIN);
        Lun lun = Lun.open(options(), target.url())) {
      assertEquals(16, lun.capacity().maxWriteSameBlocks());
      await(lun.writeSame(10 * ModelDisk.BLOCK, 50 * ModelDisk.BLOCK, StampedBlocks.of(1, 0, 1)));
      assertEquals(50, disk.applied().size());
    }
  }

  @Test
  void redirectionIsFollowedButNotForEver() throws Exception {
    ModelDisk disk = new ModelDisk(256);
    try (ModelTarget target = new ModelTarget(Settings.plain(), disk, PLAIN);
        ModelTarget guide =
            new ModelTarget(Settings.plain().withRedirect(target.portal() + ",1"), disk, PLAIN)) {
      try (Lun lun = Lun.open(options(), guide.url())) {
        assertEquals(target.portal(), lun.session().portal());
        await(lun.write(0, StampedBlocks.of(1, 0, 1)));
      }
    }
    try (ModelTarget inCircles =
        new ModelTarget(Settings.plain().withRedirect("itself"), disk, PLAIN)) {
      LoginException e =
          assertThrows(LoginException.class, () -> Lun.open(options(), inCircles.url()));
      assertTrue(e.getMessage().contains("without end"), e.getMessage());
    }
  }
}
