package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jclusterfs.mount.Commands.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Daemons with {@code binding=libfuse} come and go as those of the kernel binding do. */
@org.junit.jupiter.api.Timeout(
    value = 120,
    threadMode = org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD)
class LibFuseCommandTest {
  private static final Outcome SILENT = new Outcome(0, "");

  @TempDir Path temporary;
  private Commands commands;
  private Path a;

  @BeforeEach
  void mount() throws Exception {
    commands = new Commands(temporary, 2);
    a = commands.place("a");
    assertEquals(SILENT, commands.mount(a, "binding=libfuse"));
  }

  @AfterEach
  void unmount() throws Exception {
    commands.close();
  }

  private void assertLeftInOrder() throws Exception {
    assertEquals(List.of(), commands.usage().live());
    assertEquals(List.of(), commands.usage().dead());
  }

  @Test
  void umountWhileBusyIsRefusedAndThenFreesTheVolume() throws Exception {
    Outcome busy = commands.shell("exec 7>a/open; umount -i a/; echo still >&7; cat a/open");
    assertTrue(busy.text().contains("target is busy"), busy.text());
    assertTrue(busy.text().endsWith("still"), busy.text());
    assertTrue(
        commands.shell("findmnt -n -o FSTYPE,SOURCE a").text().startsWith("fuse.jclusterfs file:"));
    assertEquals(SILENT, commands.umount(a));
    assertLeftInOrder();
  }

  @Test
  void terminatedDaemonLeavesInOrder() throws Exception {
    Files.writeString(a.resolve("file"), "kept");
    long daemon = commands.daemon(a);
    commands.signal("TERM", daemon);
    Commands.awaitEnd(daemon);
    assertLeftInOrder();
    assertEquals(SILENT, commands.mount(a));
    assertEquals("kept", Files.readString(a.resolve("file")));
  }

  @Test
  void deadMountIsReplaced() throws Exception {
    Files.writeString(a.resolve("file"), "kept");
    commands.shell("sync a/file");
    long daemon = commands.daemon(a);
    commands.signal("KILL", daemon);
    Commands.awaitEnd(daemon);
    commands.shell("ls a/file");
    assertTrue(commands.shell("ls a/file").text().endsWith("endpoint is not connected"));
    assertEquals(SILENT, commands.mount(a, "binding=libfuse"));
    assertEquals("kept", Files.readString(a.resolve("file")));
    assertEquals(List.of(a), MountTable.read().below(commands.directory));
  }

  @Test
  void forcedUmountEndsAWaitForALock() throws Exception {
    Files.createFile(a.resolve("lock"));
    Process holder = commands.locker(a.resolve("lock"));
    assertEquals("locked", holder.inputReader().readLine());
    Process waiter = commands.locker(a.resolve("lock"));
    commands.awaitFlock(waiter);
    assertEquals(0, commands.umount(a, "-f").status());
    assertLeftInOrder();
    assertTrue(waiter.waitFor() != 0);
    holder.destroyForcibly().waitFor();
  }
}
