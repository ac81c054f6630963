package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.session.Discovery;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The initiator against a real tgtd: data, many commands at once, reconnects. */
class TgtdContractTest {

  @TempDir static Path directory;
  private static TgtdTarget target;

  static final InitiatorOptions OPTIONS =
      InitiatorOptions.of("iqn.2026-01.com.example.client:test");

  @BeforeAll
  static void startTarget() throws Exception {
    target = TgtdTarget.start(directory);
  }

  @AfterAll
  static void stopTarget() throws Exception {
    target.close();
  }

  static ByteBuffer random(int bytes, long seed) {
    byte[] data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return ByteBuffer.wrap(data);
  }

  static void await(CompletableFuture<?> future) throws Exception {
    future.get(60, TimeUnit.SECONDS);
  }

  static ByteBuffer read(Lun lun, long offset, int bytes) throws Exception {
    ByteBuffer data = ByteBuffer.allocateDirect(bytes);
    await(lun.read(offset, data));
    return data;
  }

  @Test
  void discoveryListsTheTarget() throws Exception {
    List<Discovery.Target> targets = Discovery.sendTargets(OPTIONS, List.of(target.portal()));
    assertEquals(TgtdTarget.IQN, targets.get(0).name());
    assertEquals(List.of(target.portal() + ",1"), targets.get(0).addresses());
  }

  @Test
  void unitTellsWhatItIs() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, target.url())) {
      assertEquals("IET", lun.inquiry().vendor());
      assertEquals(256L << 20, lun.capacity().bytes());
      assertEquals(512, lun.capacity().blockSize());
      assertTrue(lun.capacity().writeCache());
      assertTrue(lun.capacity().forcedUnitAccess());
      assertTrue(lun.capacity().thin());
      assertFalse(lun.capacity().writeProtected());
      assertTrue(lun.reportLuns().contains(1));
    }
  }

  @Test
  void whatWasWrittenIsReadBackInAnySize() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, target.url())) {
      for (int bytes : new int[] {512, 4096, 8192, 65536, 262144 + 512, 1 << 20, 3 << 20}) {
        ByteBuffer data = random(bytes, bytes);
        await(lun.write(4096, data));
        await(lun.flush());
        assertEquals(data, read(lun, 4096, bytes));
        try (FileChannel file = FileChannel.open(target.image(), StandardOpenOption.READ)) {
          ByteBuffer stored = ByteBuffer.allocate(bytes);
          while (stored.hasRemaining() && file.read(stored, 4096 + stored.position()) > 0) {
            // until the end
          }
          assertEquals(data, stored.flip());
        }
      }
    }
  }

  @Test
  void durableWriteIsOneCommandThatTheTargetTakes() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, target.url())) {
      for (int bytes : new int[] {4096, 262144, 3 << 20}) {
        ByteBuffer data = random(bytes, bytes + 1);
        await(lun.writeDurably(8192, data, Priority.ORDINARY));
        assertFalse(lun.refusesForcedUnitAccess());
        assertEquals(data, read(lun, 8192, bytes));
      }
    }
  }

  @Test
  void threeHundredCommandsAtOnceAllLand() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, target.url())) {
      List<CompletableFuture<?>> writes = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        writes.add(lun.write(i * 16384L, random(16384, i)));
      }
      await(CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0])));
      for (int i = 0; i < 300; i++) {
        assertEquals(random(16384, i), read(lun, i * 16384L, 16384));
      }
    }
  }

  @Test
  void commandsInFlightSurviveALostConnection() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, target.url())) {
      for (int round = 0; round < 5; round++) {
        List<CompletableFuture<?>> writes = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
          writes.add(lun.write(i * 65536L, random(65536, 1000L * round + i)));
          if (i == 20 * round) {
            lun.session().dropConnection();
          }
        }
        await(CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0])));
        for (int i = 0; i < 200; i++) {
          assertEquals(random(65536, 1000L * round + i), read(lun, i * 65536L, 65536));
        }
      }
    }
  }

  @Test
  void unmappedBlocksReadAsZeros() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, target.url())) {
      await(lun.write(1 << 20, random(65536, 7)));
      await(lun.unmap(1 << 20, 65536));
      assertEquals(ByteBuffer.allocate(65536), read(lun, 1 << 20, 65536));
    }
  }
}
