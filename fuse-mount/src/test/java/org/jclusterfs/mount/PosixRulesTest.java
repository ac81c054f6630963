package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jclusterfs.mount.Commands.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What POSIX and Linux promise of files, by real daemons on a volume in a file; posix.py has it.
 */
@org.junit.jupiter.api.Timeout(
    value = 120,
    threadMode = org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD)
class PosixRulesTest {
  @TempDir Path temporary;
  private Commands commands;
  private Path a;
  private Path b;

  @BeforeEach
  void mountTwice() throws Exception {
    commands = new Commands(temporary, 2);
    a = commands.place("a");
    b = commands.place("b");
    assertEquals(0, commands.mount(a).status());
    assertEquals(0, commands.mount(b).status());
  }

  @AfterEach
  void unmount() throws Exception {
    commands.close();
  }

  private void assertRulesHold(Path first, Path second) throws Exception {
    Path script = temporary.resolve("posix.py");
    Files.copy(getClass().getResourceAsStream("/posix.py"), script);
    Outcome outcome =
        commands.run("/usr/bin/python3", script.toString(), first.toString(), second.toString());
    assertTrue(outcome.status() == 0 && outcome.text().matches("\\d+ checks"), outcome.text());
  }

  @Test
  void rulesHoldOnOneMount() throws Exception {
    assertRulesHold(a, a);
  }

  @Test
  void rulesHoldWithCallsThatAlternateBetweenTwoMounts() throws Exception {
    assertRulesHold(a, b);
  }
}
