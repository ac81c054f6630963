package org.jclusterfs.mount.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jclusterfs.core.status.ClusterStatus;
import org.jclusterfs.core.status.ContendedLock;
import org.jclusterfs.core.status.LockTypeStatus;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.core.status.PathStatus;
import org.jclusterfs.core.status.SlotStatus;
import org.jclusterfs.core.vfs.MountException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlSocketTest {

  private static final MountStatus STATUS =
      new MountStatus(
          "file:/volume",
          "2687785e-ee2b-410d-8d58-724bd17b4ed9",
          "web \u00e4",
          false,
          List.of(
              new PathStatus(
                  "192.0.2.9:3260",
                  "iqn.2026-01.com.example:disk",
                  "800000000001",
                  "up",
                  "optimized",
                  50,
                  true,
                  true,
                  7,
                  0,
                  1_795_249_812L,
                  ""),
              new PathStatus(
                  "[2001:db8::9]:3260",
                  "iqn.2026-01.com.example:disk",
                  "800000000002",
                  "down",
                  "-",
                  50,
                  false,
                  true,
                  0,
                  3,
                  0,
                  "no answer within 5 s")),
          new ClusterStatus(
              true,
              0,
              null,
              7,
              15_000,
              10_000,
              2_000,
              "persistent reservations",
              364,
              List.of(
                  new SlotStatus(
                      0,
                      SlotStatus.State.MEMBER,
                      "one",
                      123,
                      -5,
                      List.of("192.0.2.1"),
                      7000,
                      1_795_249_812L,
                      800L,
                      true),
                  new SlotStatus(
                      1,
                      SlotStatus.State.SILENT,
                      "two",
                      456,
                      6,
                      List.of("192.0.2.2"),
                      7000,
                      1_795_249_812L,
                      null,
                      false),
                  new SlotStatus(
                      2, SlotStatus.State.FREE, "", 0, 0, List.of(), 0, 0, null, false))),
          List.of(new LockTypeStatus("INODE", 6, 1, 65, 185, 122, 119, 1690, 121, 40, 2)),
          List.of(
              new ContendedLock("INODE", 227107, "NL", 1, 2400, true, 120, 118, 1681, "/m/a/f"),
              new ContendedLock("RESOURCE_GROUP", 3, "EX", 0, 0, false, 2, 0, 0, null)),
          Map.of("LOOKUP", 12L, "READ", 7L));

  @TempDir private Path directory;

  @Test
  void statusArrivesAsItWasTold() throws Exception {
    try (ControlSocket socket = listen()) {
      String answer = ControlSocket.ask(path(), ControlSocket.STATUS);
      assertEquals(STATUS, new Gson().fromJson(answer, MountStatus.class));
    }
    assertFalse(Files.exists(path()));
  }

  @Test
  void onlyTheOwnerMayConnectAndWhatLayThereIsReplaced() throws Exception {
    Files.writeString(path(), "left by a killed daemon");
    try (ControlSocket socket = listen()) {
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path())));
    }
  }

  @Test
  void unknownQuestionIsToldAndTheNextOneAnswered() throws Exception {
    try (ControlSocket socket = listen()) {
      assertEquals("{\"error\":\"unknown question: x\"}", ControlSocket.ask(path(), "x"));
      assertThrows(IOException.class, () -> ControlSocket.ask(path(), "x".repeat(10_000)));
      assertTrue(ControlSocket.ask(path(), ControlSocket.STATUS).startsWith("{\"device\""));
    }
  }

  @Test
  void clientsThatAskNothingKeepNobodyElseFromAsking() throws Exception {
    try (ControlSocket socket = ControlSocket.listen(path(), () -> STATUS, options -> {}, 100)) {
      List<SocketChannel> silent = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        silent.add(SocketChannel.open(UnixDomainSocketAddress.of(path())));
      }
      for (SocketChannel client : silent) {
        // Told off, at once or when its time is over.
        assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        client.close();
      }
      assertTrue(ControlSocket.ask(path(), ControlSocket.STATUS).startsWith("{\"device\""));
    }
  }

  @Test
  void aDaemonThatDoesNotAnswerIsNotWaitedForForEver() throws Exception {
    try (ServerSocketChannel stopped = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stopped.bind(UnixDomainSocketAddress.of(path()));
      IOException told =
          assertThrows(
              IOException.class, () -> ControlSocket.ask(path(), ControlSocket.STATUS, 200));
      assertTrue(told.getMessage().contains("gave no answer within 0.2 s"), told.getMessage());
    }
  }

  @Test
  void textNamesEveryNodeAndTheContendedPath() {
    String text = StatusText.of("/m", STATUS);
    assertTrue(text.contains("slot 0, view 7; a node is dead after 15.0 s"), text);
    assertTrue(
        text.lines()
            .anyMatch(l -> l.matches("0\\* +member +one +123 +0.8 s ago +self +192.0.2.1 .*")),
        text);
    assertTrue(text.lines().anyMatch(l -> l.matches("1 +silent +two +456 +none +no .*")), text);
    assertTrue(text.contains("1 of 3 slots free"), text);
    assertTrue(
        text.lines().anyMatch(l -> l.matches("inode 227107 +NL +1 for 2.4 s +by others .*/m/a/f")),
        text);
  }

  @Test
  void textShowsEachPathToTheDevice() {
    String text = StatusText.of("/m", STATUS);
    assertTrue(
        text.lines()
            .anyMatch(
                l ->
                    l.matches(
                        "192\\.0\\.2\\.9:3260 +iqn\\.2026-01\\.com\\.example:disk +800000000001 +up"
                            + " +optimized +50 +yes +yes +7 +0 +20.*")),
        text);
    assertTrue(
        text.lines()
            .anyMatch(l -> l.matches(".2001:db8::9.:3260 .* +down .* 3 +- +no answer within 5 s")),
        text);
  }

  @Test
  void stoppedNodeSaysWhyFirst() {
    ClusterStatus cluster =
        new ClusterStatus(true, 0, "it was fenced", 7, 15_000, 10_000, 2_000, "", 0, List.of());
    String text =
        StatusText.of(
            "/m",
            new MountStatus(
                "file:/volume", "u", "", true, List.of(), cluster, List.of(), List.of(), Map.of()));
    assertTrue(text.lines().anyMatch(l -> l.startsWith("STOPPED: it was fenced; ")), text);
    assertTrue(text.startsWith("/m: volume u on file:/volume, read-only\n"), text);
  }

  private Path path() {
    return directory.resolve("1.control");
  }

  @Test
  void remountIsDoneOrRefusedInWords() throws Exception {
    try (ControlSocket socket = listen()) {
      ControlSocket.remount(path(), "remount,ro");
      IOException refused =
          assertThrows(IOException.class, () -> ControlSocket.remount(path(), "remount,slot=1"));
      assertEquals("not by remount,slot=1", refused.getMessage());
    }
  }

  private ControlSocket listen() throws IOException {
    return ControlSocket.listen(
        path(),
        () -> STATUS,
        options -> {
          if (!options.equals("remount,ro")) {
            throw new MountException("not by " + options);
          }
        });
  }
}
