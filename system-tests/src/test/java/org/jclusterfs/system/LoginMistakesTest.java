package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A login that fails reaches the user of every command as the same one line, in time, and with the
 * exit status that the command's kind has for it.
 */
class LoginMistakesTest {

  /** Issue: each mistake is told within this. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** For the start of four Java processes at once on a busy machine. */
  private static final Duration START = Duration.ofSeconds(5);

  private static Target target;
  private static Path directory;

  @BeforeAll
  static void start() throws IOException {
    target = Target.start(Target.Kind.TGTD, "64M");
    directory = WorkDirectory.make("mistakes");
    Files.createDirectory(directory.resolve("mnt"));
  }

  @AfterAll
  static void stop() {
    target.close();
  }

  /**
   * Runs mkfs, fsck, mount's helper and the iscsi tool at once; each says a line like the first.
   */
  private static String told(String device, Path secrets) {
    String initiator = target.initiator(0);
    List<String> options =
        new ArrayList<>(List.of("--initiator", initiator, "--secrets", secrets.toString(), device));
    List<List<String>> commands =
        List.of(
            command("mkfs.jclusterfs", 1, options),
            command("fsck.jclusterfs", 8, options),
            command(
                "mount.jclusterfs",
                32,
                List.of(
                    device,
                    directory.resolve("mnt").toString(),
                    "-o",
                    "initiator=" + initiator + ",secrets=" + secrets)),
            command("iscsi", 1, options));
    List<CompletableFuture<String>> answers =
        commands.stream()
            .map(
                command ->
                    CompletableFuture.supplyAsync(
                        () -> line(command), task -> new Thread(task, "command").start()))
            .toList();
    List<String> lines = answers.stream().map(CompletableFuture::join).distinct().toList();
    assertEquals(1, lines.size(), lines.toString());
    System.out.println(lines.get(0));
    return lines.get(0);
  }

  /** The command with the exit status that it is to have in front. */
  private static List<String> command(String name, int status, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Integer.toString(status));
    command.add(ProjectTree.command(name).toString());
    if (name.equals("iscsi")) {
      command.add("inquiry");
    } else if (name.startsWith("fsck")) {
      command.add("-n");
    }
    command.addAll(arguments);
    return command;
  }

  /** What the command said after its name. */
  private static String line(List<String> command) {
    Outcome outcome =
        Commands.run(PATIENCE.plus(START).multipliedBy(2), command.subList(1, command.size()));
    assertEquals(Integer.parseInt(command.get(0)), outcome.status(), outcome.describe());
    assertTrue(outcome.took().compareTo(PATIENCE.plus(START)) < 0, outcome.describe());
    assertEquals(1, outcome.err().lines().count(), outcome.describe());
    return outcome.err().strip().replaceFirst("^[a-z.]+: ", "");
  }

  private static Path secrets(String mode, String text) throws IOException {
    Path file = Files.createTempFile(directory, "secrets", "");
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file;
  }

  private static Path noSecrets() throws IOException {
    return secrets("rw-------", "");
  }

  @Test
  void unknownTargetIsToldAlike() throws IOException {
    String line = told(target.device().replace(":disk/", ":nosuch/"), noSecrets());
    assertTrue(line.contains("no such target") && line.contains("0203"), line);
  }

  @Test
  void secretsThatOthersCanReadAreRefusedAlike() throws IOException {
    String line = told(target.device(), secrets("rw-r--r--", "* user secretsecret1\n"));
    assertTrue(line.contains("chmod 600"), line);
  }

  @Test
  void silentPortalIsToldAlikeAndInTime() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String portal = "127.0.0.1:" + silent.getLocalPort();
      String line = told("iscsi://" + portal + "/iqn.2026-01.com.example:disk/0", noSecrets());
      assertTrue(line.contains(portal) && line.contains("silent"), line);
    }
  }
}
