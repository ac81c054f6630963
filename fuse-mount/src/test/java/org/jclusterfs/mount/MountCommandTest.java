package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jclusterfs.mount.Commands.Outcome;
import org.junit.jupiter.api.Test;

/** What the daemon of the kernel binding does, and what mounting does whatever the binding. */
class MountCommandTest extends MountCommandContract {
  @Override
  String binding() {
    return "kernel";
  }

  private static void assertRefused(String reason, Outcome outcome) {
    assertEquals(32, outcome.status(), outcome.text());
    assertTrue(outcome.text().contains(reason), outcome.text());
    assertTrue(outcome.text().lines().count() <= 2, outcome.text());
  }

  @Test
  void volumeIsFreeAsSoonAsUmountReturns() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertEquals(SILENT, commands.mount(a));
      Files.writeString(a.resolve("file"), "round " + i);
      assertEquals(SILENT, commands.umount(a));
      assertEquals(List.of(), commands.usage().live());
      assertEquals(List.of(), commands.usage().dead());
    }
    assertEquals(SILENT, commands.mount(a));
    assertEquals("round 1", Files.readString(a.resolve("file")));
  }

  @Test
  void mountPointWithBlanksAndLettersBeyondAscii() throws Exception {
    Path odd = commands.place("with blank, ü and \\134");
    assertEquals(SILENT, commands.mount(odd));
    Files.writeString(odd.resolve("ß"), "x");
    assertEquals("lost+found\nß", commands.shell("ls -1 w*/").text());
    assertEquals(SILENT, commands.umount(odd));
    assertEquals(List.of(), commands.usage().live());
  }

  @Test
  void forcedUmountOfBusyMountFreesTheVolume() throws Exception {
    commands.mount(a);
    try (var open = Files.newOutputStream(a.resolve("open"))) {
      assertEquals(0, commands.umount(a, "-f").status());
      assertEquals(List.of(), commands.usage().live());
      open.write(1);
    } catch (java.io.IOException expected) {
      // Not connected any more.
    }
  }

  @Test
  void stoppedDaemonDoesNotHoldUpASecondMount() throws Exception {
    commands.mount(a);
    long daemon = commands.daemon(a);
    commands.signal("STOP", daemon);
    assertRefused("does not answer (pid " + daemon, commands.mount(a));
    commands.signal("CONT", daemon);
    assertRefused("is mounted on " + a + " already", commands.mount(a));
  }

  @Test
  void guardianAbortsTheConnectionOfAStoppedDaemonOnly() throws Exception {
    Path other = commands.place("other");
    Commands second = new Commands(commands.place("second"), 1);
    try {
      assertEquals(SILENT, commands.mount(a, "threshold=3"));
      assertEquals(SILENT, second.mount(other));
      long daemon = commands.daemon(a);
      commands.signal("STOP", daemon);
      assertEquals(2, commands.shell("ls a/unknown").status());
      assertTrue(commands.shell("ls a/unknown").text().endsWith("endpoint is not connected"));
      assertEquals(0, second.shell("touch '" + other + "/file'").status());
      commands.signal("CONT", daemon);
      Commands.awaitEnd(daemon);
    } finally {
      assertEquals(0, second.umount(other).status());
      second.close();
    }
  }

  @Test
  void guardianEndsWithItsDaemon() throws Exception {
    commands.mount(a);
    long daemon = commands.daemon(a);
    List<Long> children =
        ProcessHandle.of(daemon).orElseThrow().children().map(ProcessHandle::pid).toList();
    assertEquals(1, children.size());
    commands.signal("KILL", daemon);
    Commands.awaitEnd(children.get(0));
  }

  @Test
  void wrongUseIsNamed() throws Exception {
    assertRefused("does not exist: make it", commands.mount(temporary.resolve("none")));
    assertRefused("is not a directory", commands.mount(temporary.resolve("volume")));
    assertRefused("does not exist", commands.mount("file:" + temporary + "/none", a));
    Path junk = Files.write(temporary.resolve("junk"), new byte[1 << 20]);
    assertRefused("mkfs.jclusterfs", commands.mount("file:" + junk, a));
    assertRefused("unknown option \"bogus\"", commands.mount(a, "bogus"));
    assertRefused("cannot write the log", commands.mount(a, "log=/none/log"));
    assertEquals(List.of(), commands.usage().live());
  }

  @Test
  void volumeWithoutFreeSlotNamesTheHolders() throws Exception {
    assertEquals(SILENT, commands.mount(a));
    assertEquals(SILENT, commands.mount(commands.place("b")));
    Outcome third = commands.mount(commands.place("c"));
    assertRefused("has no free slot", third);
    assertTrue(third.text().contains("pid " + commands.daemon(a)), third.text());
  }

  @Test
  void onlyNodeKeepsOthersOutAndIsKeptOut() throws Exception {
    Path b = commands.place("b");
    assertEquals(SILENT, commands.mount(a, "cluster=none"));
    assertRefused("is in use", commands.mount(b, "cluster=none"));
    assertRefused("cluster=none", commands.mount(b));
    Files.writeString(a.resolve("file"), "kept");
    commands.shell("sync a/file");
    long daemon = commands.daemon(a);
    commands.signal("KILL", daemon);
    Commands.awaitEnd(daemon);
    assertEquals(SILENT, commands.mount(b));
    assertEquals("kept", Files.readString(b.resolve("file")));
    assertRefused("nobody else uses", commands.mount(a, "cluster=none"));
  }

  @Test
  void readOnlyMountRefusesChanges() throws Exception {
    assertEquals(SILENT, commands.mount(a, "ro"));
    assertFalse(commands.shell("touch a/file").status() == 0);
    assertTrue(commands.shell("touch a/file").text().endsWith("Read-only file system"));
  }

  @Test
  void remountMakesReadOnlyUnlessSomebodyWritesAndBack() throws Exception {
    assertEquals(SILENT, commands.mount(a, "nosuid"));
    try (var open = Files.newOutputStream(a.resolve("file"))) {
      open.write('x');
      assertRefused("files are open for writing", commands.mount(a, "remount,ro"));
    }
    assertRefused("option cache cannot be changed", commands.mount(a, "remount,ro,cache=64M"));
    assertEquals(SILENT, commands.mount(a, "remount,nosuid,ro"));
    assertTrue(commands.shell("touch a/no").text().endsWith("Read-only file system"));
    assertTrue(commands.shell("findmnt -n -o OPTIONS a").text().startsWith("ro,nosuid"));
    Outcome status = commands.jclusterfs("status", a.toString());
    assertTrue(status.text().contains(", read-only"), status.text());
    assertEquals(SILENT, commands.mount(a, "remount,rw,nosuid,noexec"));
    assertEquals("x", commands.shell("cat a/file; echo y >a/other").text());
    assertTrue(commands.shell("findmnt -n -o OPTIONS a").text().startsWith("rw,nosuid,noexec"));
    assertEquals(SILENT, commands.umount(a));
    assertRefused("no jclusterfs volume is mounted", commands.mount(a, "remount,ro"));
  }

  @Test
  void addressOfAnotherHostIsRefusedAndThoseOfThisAreNamed() throws Exception {
    Outcome outcome = commands.mount(a, "address=192.0.2.7");
    assertRefused("option address=192.0.2.7: this host has no such address", outcome);
    assertRefused("127.0.0.1", outcome);
  }

  @Test
  void umountLeavesOtherMountsAloneAndSaysNothingWhereForceHelps() throws Exception {
    assertEquals("", commands.shell("mount -t tmpfs none a").text());
    Outcome refused = commands.umount(a, "-f", "-l");
    assertEquals(32, refused.status());
    assertTrue(refused.text().contains("a mount of type tmpfs"), refused.text());
    assertEquals("", commands.shell("umount a").text());
    assertTrue(commands.umount(a).text().contains("not a jclusterfs mount"));
    assertEquals(SILENT, commands.mount(a));
    try (var open = Files.newOutputStream(a.resolve("file"))) {
      open.write('x');
      assertEquals(32, commands.umount(a).status());
      assertEquals(SILENT, commands.umount(a, "-f"));
    } catch (java.io.IOException e) {
      assertTrue(e.getMessage().contains("not connected"), e.getMessage());
    }
  }

  @Test
  void linesOfTheLogNameProcessAndDirectory() throws Exception {
    assertEquals(SILENT, commands.mount(a));
    String mark = " INFO [" + commands.daemon(a) + " " + a + "] ";
    assertTrue(commands.log().contains(mark), commands.log());
    assertEquals(SILENT, commands.umount(a));
  }

  /** Runs a command that reads, past the page cache; says whether atime became another. */
  private String afterReading(String path) throws Exception {
    String script =
        """
        before=$(stat -c %%x %1$s)
        if [ -d %1$s ]; then ls %1$s; else dd if=%1$s iflag=direct status=none; fi >/dev/null
        [ "$(stat -c %%x %1$s)" = "$before" ] && echo kept || echo changed
        """;
    return commands.shell(script.formatted(path)).text();
  }

  @Test
  void readingChangesAccessTimesAsTheOptionsOfTheMomentSay() throws Exception {
    assertEquals(SILENT, commands.mount(a, "relatime"));
    commands.shell("echo x >a/file");
    assertEquals("changed", afterReading("a/file"));
    assertEquals("kept", afterReading("a/file"));
    assertEquals("changed", afterReading("a"));
    commands.shell("touch -m a/file");
    assertEquals("changed", afterReading("a/file"));
    assertEquals(SILENT, commands.mount(a, "remount,strictatime"));
    assertEquals("changed", afterReading("a/file"));
    assertEquals("changed", afterReading("a/file"));
    assertEquals(SILENT, commands.mount(a, "remount,nosuid"));
    assertEquals("changed", afterReading("a/file"));
    assertEquals(SILENT, commands.mount(a, "remount,noatime"));
    assertTrue(commands.shell("findmnt -n -o OPTIONS a").text().contains(",noatime,"));
    commands.shell("touch -m a/file");
    assertEquals("kept", afterReading("a/file"));
    String told = commands.shell("stat -c %x a/file").text();
    assertEquals(SILENT, commands.umount(a));
    assertEquals(SILENT, commands.mount(a, "lazytime"));
    assertEquals(told, commands.shell("stat -c %x a/file").text());
    assertEquals("changed", afterReading("a/file"));
    told = commands.shell("stat -c %x a/file").text();
    assertEquals(SILENT, commands.umount(a));
    assertEquals(SILENT, commands.mount(a));
    assertEquals(told, commands.shell("stat -c %x a/file").text());
  }

  @Test
  void storesThroughMappingsAreSeenByTheOtherNode() throws Exception {
    Path b = commands.place("b");
    assertEquals(SILENT, commands.mount(a));
    assertEquals(SILENT, commands.mount(b));
    Path script = temporary.resolve("alternate.py");
    Files.copy(getClass().getResourceAsStream("/alternate.py"), script);
    assertEquals(
        new Outcome(0, "coherent"),
        commands.run("/usr/bin/python3", script.toString(), a.toString(), b.toString(), "50"));
  }
}
