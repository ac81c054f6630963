package org.jclusterfs.system;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the checked-out project lies, whichever directory its Java is started in. */
final class ProjectTree {

  private ProjectTree() {}

  /** The directory that holds bin/ and docs/. */
  static Path root() {
    Path here = Path.of("").toAbsolutePath();
    for (Path p = here; p != null; p = p.getParent()) {
      if (Files.isDirectory(p.resolve("bin")) && Files.isDirectory(p.resolve("system-tests"))) {
        return p;
      }
    }
    throw new IllegalStateException(here + " is not inside the project");
  }

  /** A command of bin/. */
  static Path command(String name) {
    Path command = root().resolve("bin").resolve(name);
    if (!Files.isExecutable(command)) {
      throw new IllegalStateException(command + " is missing or not executable");
    }
    return command;
  }
}
