package org.jclusterfs.core.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nodes on one LUN of a real tgtd, or of the target that {@code -Djclusterfs.test.device=}
 * names; the two initiators' names are {@code -Djclusterfs.test.initiator=} with {@code :a} and
 * {@code :b}.
 */
class IscsiBlockDeviceTest {

  private static final ProcessIdentity PROCESS = new ProcessIdentity(new UUID(0, 0), 0, 0, 0);
  private static final String GIVEN = System.getProperty("jclusterfs.test.device");

  @TempDir static Path directory;
  private static String device;
  private IscsiBlockDevice a;
  private IscsiBlockDevice b;

  private static String target(String action) throws Exception {
    Process process =
        new ProcessBuilder("../bin/lib/target-tgtd", action, directory.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(directory.resolve("out").toFile())
            .start();
    assertEquals(0, process.waitFor(), "target-tgtd " + action);
    return java.nio.file.Files.readString(directory.resolve("out"), StandardCharsets.UTF_8);
  }

  @BeforeAll
  static void startTarget() throws Exception {
    device = GIVEN != null ? GIVEN : target("start").strip();
    Files.createFile(
        directory.resolve("secrets"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static DeviceSpec spec(String node) {
    // LIO counts one node per initiator name only
    String name = System.getProperty("jclusterfs.test.initiator", "iqn.2026-01.com.example.client");
    return new DeviceSpec(
        device, name + ":" + node, DeviceSpec.INITIATOR_FILE, directory.resolve("secrets"));
  }

  @AfterAll
  static void stopTarget() throws Exception {
    if (GIVEN == null) {
      target("stop");
    }
  }

  @BeforeEach
  void open() throws Exception {
    a = IscsiBlockDevice.open(spec("a"));
    b = IscsiBlockDevice.open(spec("b"));
  }

  @AfterEach
  void close() throws Exception {
    for (IscsiBlockDevice each : new IscsiBlockDevice[] {a, b}) {
      each.fencing().unregister(1, key(1));
      each.fencing().unregister(2, key(2));
      each.close();
    }
  }

  private static long key(int slot) {
    return (long) slot << 48 | 0x1234_5678L;
  }

  private static void write(BlockDevice device, long offset) throws Exception {
    device.write(offset, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
  }

  private static void isFenced(BlockDevice device) {
    ExecutionException e = assertThrows(ExecutionException.class, () -> write(device, 0));
    assertInstanceOf(FencedException.class, e.getCause());
  }

  private static void fence(BlockDevice by, int slot) throws IOException {
    by.fencing().fence(new Fencing.Victim(slot, key(slot), PROCESS));
  }

  @Test
  void secretsFileThatWasNamedHasToBeThere() {
    DeviceSpec spec =
        new DeviceSpec(
            device, "iqn.2026-01.com.example:c", DeviceSpec.INITIATOR_FILE, Path.of("/no/secrets"));
    String message =
        assertThrows(IOException.class, () -> IscsiBlockDevice.open(spec)).getMessage();
    assertTrue(message.contains("/no/secrets"), message);
  }

  @Test
  void fencedNodeDoesNotWriteAgain() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    assertTrue(b.fencing().register(2, key(2)));
    write(a, 0);
    write(b, 0);
    fence(a, 2);
    isFenced(b);
    b.read(0, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
    b.dropConnection();
    isFenced(b);
    write(a, 0);
    fence(a, 2); // again, as after a coordinator that died meanwhile
  }

  @Test
  void everyNodeWritesDurablyInOneCommandOnceItIsRegistered() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    // The reservation may keep a newcomer from asking how the unit caches.
    try (IscsiBlockDevice c = IscsiBlockDevice.open(spec("c"))) {
      assertTrue(c.fencing().register(3, key(3)));
      for (IscsiBlockDevice each : List.of(a, c)) {
        assertTrue(each.writesDurablyAtOnce());
        ByteBuffer ones = ByteBuffer.allocate(8192).putLong(0, 1);
        each.writeDurably(4096, ones).get(30, TimeUnit.SECONDS);
      }
      c.fencing().unregister(3, key(3));
    }
    assertTrue(b.fencing().register(2, key(2)));
    fence(b, 1);
    ExecutionException e =
        assertThrows(
            ExecutionException.class,
            () -> a.writeDurably(0, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS));
    assertInstanceOf(FencedException.class, e.getCause());
  }

  @Test
  void holderOfTheReservationThatWasFencedDoesNotStandInANewcomersWay() throws Exception {
    a.fencing().register(1, key(1)); // the first, and so the reservation's holder
    b.fencing().register(2, key(2));
    fence(b, 1);
    try (BlockDevice c = IscsiBlockDevice.open(spec("c"))) {
      assertTrue(c.fencing().register(3, key(3)));
      write(c, 0);
      c.fencing().unregister(3, key(3));
    }
    write(b, 0);
    isFenced(a);
  }

  @Test
  void fencingInMidWriteLetsNoLaterWriteLand() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    assertTrue(b.fencing().register(2, key(2)));
    AtomicInteger failures = new AtomicInteger();
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      byte[] ones = new byte[65536];
      java.util.Arrays.fill(ones, (byte) 1);
      writes.add(
          b.write((1 << 20) + i * 65536L, ByteBuffer.wrap(ones))
              .exceptionally(
                  e -> {
                    failures.incrementAndGet();
                    return null;
                  }));
    }
    fence(a, 2);
    ByteBuffer after = ByteBuffer.allocate(200 * 65536);
    a.read(1 << 20, after).get(30, TimeUnit.SECONDS);
    CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0])).get(60, TimeUnit.SECONDS);
    Thread.sleep(200);
    ByteBuffer later = ByteBuffer.allocate(200 * 65536);
    a.read(1 << 20, later).get(30, TimeUnit.SECONDS);
    assertEquals(after, later, "a write of the fenced node landed after fence() had returned");
    System.out.println(failures + " of 200 writes failed");
  }

  @Test
  void slotThatAnotherKeyNamesIsNotGiven() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    assertFalse(b.fencing().register(1, key(1) + 1));
    ExecutionException e = assertThrows(ExecutionException.class, () -> write(b, 0));
    assertFalse(e.getCause() instanceof FencedException);
    assertTrue(e.getCause().getMessage().contains("other nodes"), e.getCause().getMessage());
    assertTrue(b.fencing().register(2, key(2)));
    write(b, 0);
  }

  @Test
  void registeredNodeWritesAgainAfterReconnects() throws Exception {
    AtomicInteger checks = new AtomicInteger();
    a.setFenceCheck(
        () -> {
          checks.incrementAndGet();
          a.read(0, ByteBuffer.allocate(4096)).join();
          return true;
        });
    assertTrue(a.fencing().register(1, key(1)));
    assertTrue(b.fencing().register(2, key(2)));
    for (int i = 0; i < 3; i++) {
      a.dropConnection();
      write(a, 0);
    }
    // A given device may have several paths, each of which asks.
    assertTrue(GIVEN == null ? checks.get() == 3 : checks.get() >= 3, "checks: " + checks);
    // what the ended sessions left must not outlive a fence
    fence(b, 1);
    isFenced(a);
  }

  @Test
  void nodeThatWasFencedWhileAwayStaysFenced() throws Exception {
    AtomicBoolean member = new AtomicBoolean(true);
    a.setFenceCheck(member::get);
    assertTrue(a.fencing().register(1, key(1)));
    assertTrue(b.fencing().register(2, key(2)));
    member.set(false);
    a.dropConnection();
    isFenced(a);
    isFenced(a);
    fence(b, 1);
    write(b, 0);
  }

  @Test
  void nodeWhoseRegistrationIsGoneAfterAReconnectDoesNotWriteAgain() throws Exception {
    // As after a restart of the target: with the keys its cache is gone, and what was only in
    // there.
    assertTrue(a.fencing().register(1, key(1)));
    a.dropConnection();
    write(a, 0);
    assertTrue(b.fencing().register(2, key(2)));
    fence(b, 1);
    a.dropConnection();
    isFenced(a);
    ExecutionException e = assertThrows(ExecutionException.class, () -> write(a, 0));
    assertTrue(e.getCause().getMessage().contains("restarted"), e.getCause().getMessage());
    ExecutionException flushed =
        assertThrows(ExecutionException.class, () -> a.flush().get(30, TimeUnit.SECONDS));
    assertInstanceOf(FencedException.class, flushed.getCause());
    write(b, 0);
  }

  @Test
  void unregisteredNodesLeaveNothing() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    a.dropConnection();
    write(a, 0);
    a.fencing().unregister(1, key(1));
    write(b, 0); // the last registration took the reservation with it
  }

  @Test
  void closedGateGivesFencedException() {
    a.setWriteGate(() -> false);
    isFenced(a);
  }

  @Test
  void fencedNodeThatOnlyReadsLearnsIt() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    assertTrue(b.fencing().register(2, key(2)));
    fence(a, 2);
    IscsiFencing fencing = (IscsiFencing) b.fencing();
    for (int i = 0; i < 1000 && !fencing.isFenced(); i++) {
      b.read(0, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
      Thread.sleep(10);
    }
    assertTrue(fencing.isFenced());
  }

  @Test
  void urgentRequestsAreServedAmidAFlood() throws Exception {
    int count = 3000;
    ByteBuffer data = ByteBuffer.allocateDirect(65536);
    CompletableFuture<?>[] flood = new CompletableFuture<?>[count];
    for (int i = 0; i < count; i++) {
      flood[i] = a.write(i % 1000 * 65536L, data);
    }
    BlockDevice urgent = a.urgent();
    for (int i = 0; i < 3; i++) {
      urgent.write(128 << 20, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
      urgent.read(128 << 20, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
      urgent.flush().get(30, TimeUnit.SECONDS);
    }
    CompletableFuture.allOf(flood).get(60, TimeUnit.SECONDS);
  }

  @Test
  void urgentWriteOfAFencedNodeFails() throws Exception {
    assertTrue(a.fencing().register(1, key(1)));
    assertTrue(b.fencing().register(2, key(2)));
    fence(a, 2);
    isFenced(b.urgent());
  }

  @Test
  void fenceCheckMayReadByTheUrgentWay() throws Exception {
    a.setFenceCheck(
        () -> {
          a.urgent().read(0, ByteBuffer.allocate(4096)).join();
          return true;
        });
    assertTrue(a.fencing().register(1, key(1)));
    a.dropConnection();
    write(a.urgent(), 0);
  }

  @Test
  void addressesOfTheConnectionAreTold() {
    assertFalse(a.localAddresses().isEmpty());
    assertTrue(a.fencing().describe().contains("PREEMPT"), a.fencing().describe());
    assertTrue(a.hasVolatileWriteCache());
  }
}
