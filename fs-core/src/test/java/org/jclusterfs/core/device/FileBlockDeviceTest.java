package org.jclusterfs.core.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileBlockDeviceTest {

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void setUp() throws IOException {
    file = directory.resolve("volume.img");
    Files.write(file, new byte[1 << 20]);
  }

  private BlockDevice open() throws IOException {
    return Devices.open(DeviceSpec.of("file:" + file));
  }

  @Test
  void writtenBytesAreReadBack() throws Exception {
    try (BlockDevice device = open()) {
      assertEquals(1 << 20, device.size());
      byte[] content = new byte[8192];
      new Random(1).nextBytes(content);
      device.write(4096, ByteBuffer.wrap(content)).get();
      device.flush().get();
      ByteBuffer back = ByteBuffer.allocate(8192);
      device.read(4096, back).get();
      assertArrayEquals(content, back.array());
    }
  }

  @Test
  void closedGateFailsWritesAndNotReads() throws Exception {
    try (BlockDevice device = open()) {
      device.setWriteGate(() -> false);
      ExecutionException refused =
          assertThrows(
              ExecutionException.class, () -> device.write(0, ByteBuffer.allocate(512)).get());
      assertInstanceOf(FencedException.class, refused.getCause());
      device.read(0, ByteBuffer.allocate(512)).get();
    }
  }

  @Test
  void accessBeyondTheEndFails() throws Exception {
    try (BlockDevice device = open()) {
      assertThrows(
          ExecutionException.class, () -> device.write(1 << 20, ByteBuffer.allocate(512)).get());
      assertThrows(
          ExecutionException.class, () -> device.read(1 << 20, ByteBuffer.allocate(512)).get());
      assertEquals(1 << 20, Files.size(file));
    }
  }

  @Test
  void wrongDevicesAreNamedWithWhatToDo() {
    for (String[] wrong :
        new String[][] {
          {"volume.img", "absolute path"},
          {"file:", "needs a path"},
          {"file:/no/such/file", "does not exist"},
          {file.toString(), "write file:" + file},
          {"file:" + directory, "not a regular file"},
          {"iscsi://", "iscsi"}
        }) {
      IOException refused =
          assertThrows(IOException.class, () -> Devices.open(DeviceSpec.of(wrong[0])));
      assertTrue(refused.getMessage().contains(wrong[1]), refused.getMessage());
    }
  }

  @Test
  void slotIsRegisteredOnceAmongDevicesOfOneProcess() throws Exception {
    try (BlockDevice one = open();
        BlockDevice two = open()) {
      assertTrue(one.fencing().register(3, 77));
      assertFalse(two.fencing().register(3, 78));
      assertTrue(two.fencing().register(4, 79));
      one.fencing().unregister(3, 77);
      assertTrue(two.fencing().register(3, 78));
    }
    try (BlockDevice again = open()) {
      assertTrue(again.fencing().register(3, 80));
    }
  }

  @Test
  void fencingKillsTheVictimsProcess() throws Exception {
    Process process = new ProcessBuilder("sleep", "600").start();
    ProcessIdentity self = ProcessIdentities.current();
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    long started = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ")[19]);
    ProcessIdentity victim =
        new ProcessIdentity(self.bootId(), self.pidNamespace(), process.pid(), started);
    assertEquals(ProcessIdentities.State.ALIVE, ProcessIdentities.isAlive(victim));
    try (BlockDevice device = open()) {
      device.fencing().fence(new Fencing.Victim(1, 5, victim));
    }
    assertEquals(ProcessIdentities.State.DEAD, ProcessIdentities.isAlive(victim));
    assertEquals(137, process.waitFor());
  }

  @Test
  void reusedPidIsNotTheVictim() throws Exception {
    ProcessIdentity self = ProcessIdentities.current();
    ProcessIdentity earlier =
        new ProcessIdentity(self.bootId(), self.pidNamespace(), self.pid(), self.startTime() - 1);
    assertEquals(ProcessIdentities.State.ALIVE, ProcessIdentities.isAlive(self));
    assertEquals(ProcessIdentities.State.DEAD, ProcessIdentities.isAlive(earlier));
    ProcessIdentity elsewhere = new ProcessIdentity(UUID.randomUUID(), 1, 1, 1);
    assertEquals(ProcessIdentities.State.UNKNOWN, ProcessIdentities.isAlive(elsewhere));
    try (BlockDevice device = open()) {
      device.fencing().fence(new Fencing.Victim(1, 5, earlier));
      assertThrows(IOException.class, () -> device.fencing().fence(new Fencing.Victim(1, 5, self)));
    }
  }
}
