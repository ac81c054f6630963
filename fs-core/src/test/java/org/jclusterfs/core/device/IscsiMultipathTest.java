package org.jclusterfs.core.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jclusterfs.core.status.PathStatus;
import org.jclusterfs.iscsi.scsi.Lun;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Registrations by several paths, on a real tgtd with two portals, and on two that serve one file.
 */
class IscsiMultipathTest {

  private static final ProcessIdentity PROCESS = new ProcessIdentity(new UUID(0, 0), 0, 0, 0);

  @TempDir static Path directory;
  private static String twoPortals;
  private static String twoTargets;
  private static String twinPort;

  private static void run(String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("TGT_IPC_SOCKET", "./socket");
    builder.environment().merge("PATH", "/usr/sbin:/sbin", (a, b) -> a + ":" + b);
    Process process =
        builder.redirectErrorStream(true).redirectOutput(directory.resolve("out").toFile()).start();
    assertEquals(0, process.waitFor(), () -> "failed: " + String.join(" ", command));
  }

  private static void admin(String mode, String op, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("tgtadm", "--lld", "iscsi", "--mode", mode, "--op", op));
    command.addAll(List.of(more));
    run(command.toArray(new String[0]));
  }

  private static void launcher(String action, Path where) throws Exception {
    String script = Path.of("../bin/lib/target-tgtd").toAbsolutePath().toString();
    run(script, action, where.toString(), "64M");
  }

  @BeforeAll
  static void startTarget() throws Exception {
    launcher("start", directory);
    String device = Files.readString(directory.resolve("device")).strip();
    String port = Files.readString(directory.resolve("port")).strip();
    admin("portal", "new", "--param", "portal=127.0.0.2:" + port);
    twoPortals = device.replace("127.0.0.1:" + port, "127.0.0.1:" + port + ",127.0.0.2:" + port);
    // The same file by another tgtd, whose LUN has the same WWID and which keeps keys of its own.
    Path twin = Files.createDirectory(directory.resolve("twin"));
    Files.createSymbolicLink(twin.resolve("lun.img"), directory.resolve("lun.img"));
    launcher("start", twin);
    twinPort = Files.readString(twin.resolve("port")).strip();
    twoTargets =
        device.replace("127.0.0.1:" + port, "127.0.0.1:" + port + ",127.0.0.1:" + twinPort);
  }

  @AfterAll
  static void stopTarget() throws Exception {
    launcher("stop", directory.resolve("twin"));
    launcher("stop", directory);
  }

  private static IscsiBlockDevice open(String device, String node) throws IOException {
    return IscsiBlockDevice.open(
        new DeviceSpec(
            device,
            "iqn.2026-01.com.example.client:" + node,
            DeviceSpec.INITIATOR_FILE,
            DeviceSpec.SECRETS_FILE,
            Map.of("replacement_timeout", "10")));
  }

  private static long key(int slot) {
    return (long) slot << 48 | 0x1234_5678L;
  }

  private static void write(BlockDevice device) throws Exception {
    device.write(0, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
  }

  /** By every path, whatever the selector likes. */
  private static void writeByEach(IscsiBlockDevice device) throws Exception {
    for (Lun nexus : device.disk().nexuses()) {
      nexus.write(0, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
    }
  }

  private static int registrations(IscsiBlockDevice device, int slot) throws IOException {
    return Collections.frequency(
        device.disk().nexuses().get(0).reservations().readKeys(), key(slot));
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 3000 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertTrue(condition.getAsBoolean(), what);
  }

  @Test
  void keyIsRegisteredOnEveryPathAndNothingOfItIsLeft() throws Exception {
    try (IscsiBlockDevice a = open(twoPortals, "a")) {
      assertEquals(2, a.paths().size());
      assertTrue(a.fencing().register(1, key(1)));
      assertEquals(2, registrations(a, 1));
      writeByEach(a);
      assertEquals(List.of(key(1)), a.fencing().keysOf(1));
      a.fencing().unregister(1, key(1));
      assertEquals(0, registrations(a, 1));
      assertTrue(a.fencing().register(1, key(1)));
      assertEquals(2, registrations(a, 1));
      a.fencing().unregister(1, key(1));
    }
  }

  @Test
  void pathThatComesBackIsRegisteredAndFenceCheckedBeforeItWrites() throws Exception {
    try (IscsiBlockDevice a = open(twoPortals, "a");
        IscsiBlockDevice b = open(twoPortals, "b")) {
      AtomicInteger checks = new AtomicInteger();
      a.setFenceCheck(
          () -> {
            checks.incrementAndGet();
            a.read(0, ByteBuffer.allocate(4096)).join();
            return true;
          });
      assertTrue(a.fencing().register(1, key(1)));
      assertTrue(b.fencing().register(2, key(2)));
      for (int i = 0; i < 4; i++) {
        int before = checks.get();
        a.disk().nexuses().get(i % 2).session().dropConnection();
        write(a);
        await("failback", () -> checks.get() > before && a.disk().nexuses().size() == 2);
        writeByEach(a);
      }
      assertTrue(checks.get() >= 4, "checks: " + checks);
      // tgtd keeps what ended sessions registered; it goes with the rest.
      b.fencing().fence(new Fencing.Victim(1, key(1), PROCESS));
      assertEquals(0, registrations(b, 1));
      ExecutionException e = assertThrows(ExecutionException.class, () -> write(a));
      assertInstanceOf(FencedException.class, e.getCause());
      b.fencing().unregister(2, key(2));
      assertEquals(0, registrations(b, 2));
    }
  }

  @Test
  void fencedNodeWritesByNoPathWhicheverReconnects() throws Exception {
    try (IscsiBlockDevice a = open(twoPortals, "a");
        IscsiBlockDevice b = open(twoPortals, "b")) {
      assertTrue(a.fencing().register(1, key(1)));
      assertTrue(b.fencing().register(2, key(2)));
      b.fencing().fence(new Fencing.Victim(1, key(1), PROCESS));
      for (int i = 0; i < 2; i++) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> write(a));
        assertInstanceOf(FencedException.class, e.getCause());
        a.dropConnection();
      }
      assertEquals(0, registrations(b, 1));
      b.fencing().unregister(2, key(2));
    }
  }

  @Test
  void targetThatDoesNotSeeTheOthersKeysIsRefusedInWords() throws Exception {
    try (IscsiBlockDevice a = open(twoTargets, "a")) {
      assertEquals(2, a.disk().nexuses().size(), () -> a.paths().toString());
      assertTrue(a.fencing().register(1, key(1)));
      await("one is left", () -> a.disk().nexuses().size() == 1);
      PathStatus refused = a.paths().get(1);
      assertTrue(refused.portal().endsWith(":" + twinPort), refused.toString());
      assertEquals("refused", refused.state());
      assertTrue(refused.reason().contains("reservation key"), refused.reason());
      write(a);
      a.fencing().unregister(1, key(1));
      assertEquals(0, registrations(a, 1));
    }
  }

  @Test
  void unknownOptionOfPathsIsRefusedByName() {
    DeviceSpec spec =
        new DeviceSpec(
            twoPortals,
            "iqn.2026-01.com.example.client:a",
            DeviceSpec.INITIATOR_FILE,
            DeviceSpec.SECRETS_FILE,
            Map.of("path_selector", "fastest"));
    String told = assertThrows(IOException.class, () -> Devices.open(spec)).getMessage();
    assertTrue(told.contains("path_selector=fastest"), told);
    DeviceSpec file = new DeviceSpec("file:/x", null, null, null, Map.of("no_path_retry", "queue"));
    told = assertThrows(IOException.class, () -> Devices.open(file)).getMessage();
    assertTrue(told.contains("no_path_retry"), told);
    assertFalse(told.contains("No such file"), told);
  }
}
