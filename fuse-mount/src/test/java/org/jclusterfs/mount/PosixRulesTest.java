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
  void format() throws Exception {
    commands = new Commands(temporary, 2);
    a = commands.place("a");
    b = commands.place("b");
  }

  @AfterEach
  void unmount() throws Exception {
    commands.close();
  }

  /** On one mount, and with calls that alternate between two. */
  private void assertRulesHold(String binding) throws Exception {
    Path script = temporary.resolve("posix.py");
    Files.copy(getClass().getResourceAsStream("/posix.py"), script);
    for (Path mount : List.of(a, b)) {
      assertEquals(0, commands.mount(mount, "binding=" + binding).status());
    }
    for (Path second : List.of(a, b)) {
      Outcome outcome =
          commands.run(
              "/usr/bin/python3", script.toString(), a.toString(), second.toString(), binding);
      assertTrue(outcome.status() == 0 && outcome.text().matches("\\d+ checks"), outcome.text());
    }
  }

  @Test
  void rulesHold() throws Exception {
    assertRulesHold("kernel");
  }

  @Test
  void rulesHoldOverLibFuseButForTheExceptionsThatTheScriptNames() throws Exception {
    assertRulesHold("libfuse");
  }
}
