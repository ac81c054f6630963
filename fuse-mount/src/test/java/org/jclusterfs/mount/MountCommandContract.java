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

/**
 * bin/mount.jclusterfs and bin/umount.jclusterfs on a volume in a file, with real daemons that come
 * and go, whatever the binding.
 */
@org.junit.jupiter.api.Timeout(
    value = 120,
    threadMode = org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD)
abstract class MountCommandContract {
  static final Outcome SILENT = new Outcome(0, "");

  @TempDir Path temporary;
  Commands commands;
  Path a;

  /** Value of the mount option. */
  abstract String binding();

  @BeforeEach
  void format() throws Exception {
    commands = new Commands(temporary, 2);
    a = commands.place("a");
  }

  @AfterEach
  void unmount() throws Exception {
    commands.close();
  }

  private Outcome mount(Path on) throws Exception {
    return commands.mount(on, "binding=" + binding());
  }

  private void assertLeftInOrder() throws Exception {
    assertEquals(List.of(), commands.usage().live());
    assertEquals(List.of(), commands.usage().dead());
  }

  @Test
  void busyMountStaysAndIsUsableAndItsUmountThenFreesTheVolume() throws Exception {
    assertEquals(SILENT, mount(a));
    Outcome busy =
        commands.shell("exec 7>a/open; umount -i a/; echo $?; echo still >&7; cat a/open");
    assertTrue(busy.text().contains("target is busy"), busy.text());
    assertTrue(busy.text().endsWith("32\nstill"), busy.text());
    assertTrue(
        commands.shell("findmnt -n -o FSTYPE,SOURCE a").text().startsWith("fuse.jclusterfs file:"));
    assertEquals(SILENT, commands.umount(a));
    assertLeftInOrder();
  }

  @Test
  void forcedUmountEndsAWaitForALock() throws Exception {
    assertEquals(SILENT, mount(a));
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

  @Test
  void terminatedDaemonLeavesInOrder() throws Exception {
    assertEquals(SILENT, mount(a));
    Files.writeString(a.resolve("file"), "kept");
    long daemon = commands.daemon(a);
    commands.signal("TERM", daemon);
    Commands.awaitEnd(daemon);
    assertLeftInOrder();
    assertEquals(SILENT, commands.mount(a));
    assertEquals("kept", Files.readString(a.resolve("file")));
  }

  @Test
  void deadMountIsReplacedThroughSymbolicLinkToo() throws Exception {
    Path link = Files.createSymbolicLink(temporary.resolve("link"), a);
    assertEquals(SILENT, mount(a));
    Files.writeString(a.resolve("file"), "kept");
    commands.shell("sync a/file; ls -l a");
    for (Path on : List.of(a, link)) {
      long daemon = commands.daemon(a);
      commands.signal("KILL", daemon);
      Commands.awaitEnd(daemon);
      commands.shell("ls a/unknown");
      assertTrue(commands.shell("ls a/unknown").text().endsWith("endpoint is not connected"));
      assertEquals(SILENT, mount(on));
      assertEquals("kept", Files.readString(a.resolve("file")));
      assertEquals(List.of(a), MountTable.read().below(commands.directory));
    }
  }
}
