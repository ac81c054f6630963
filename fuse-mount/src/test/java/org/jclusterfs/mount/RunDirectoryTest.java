package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where a daemon keeps its state. */
class RunDirectoryTest {

  @Test
  void rootsIsOneForAllAndAUsersIsWhereTheUserMayWrite() {
    Map<String, String> both = Map.of("XDG_RUNTIME_DIR", "/run/user/7", "HOME", "/home/u");
    assertEquals(Path.of("/run/jclusterfs"), RunDirectory.of(true, both));
    assertEquals(Path.of("/run/user/7/jclusterfs"), RunDirectory.of(false, both));
    assertEquals(Path.of("/home/u/.jclusterfs"), RunDirectory.of(false, Map.of("HOME", "/home/u")));
    assertNull(RunDirectory.of(false, Map.of("XDG_RUNTIME_DIR", "")));
  }
}
