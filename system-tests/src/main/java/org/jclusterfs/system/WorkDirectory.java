package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where everything that a run starts keeps its files: below {@code $JCLUSTERFS_TEST_DIR}, which
 * bin/test and bin/campaign make and take down as a whole, else in a new temporary directory.
 */
final class WorkDirectory {

  private static Path base;

  private WorkDirectory() {}

  /** The directory of this run. */
  static synchronized Path base() {
    if (base == null) {
      try {
        String given = System.getenv("JCLUSTERFS_TEST_DIR");
        if (given != null) {
          base = Files.createDirectories(Path.of(given));
        } else {
          base = Files.createTempDirectory("jclusterfs-test");
          Runtime.getRuntime().addShutdownHook(new Thread(WorkDirectory::takeDown, "take-down"));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return base;
  }

  private static void takeDown() {
    String script = ". \"$0\" && take_down \"$1\"";
    String leftovers = ProjectTree.root().resolve("bin/lib/leftovers.sh").toString();
    try {
      new ProcessBuilder("bash", "-c", script, leftovers, base.toString())
          .inheritIO()
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A new directory in it whose name begins with {@code name}. */
  static Path make(String name) {
    try {
      Path made = Files.createTempDirectory(base(), name + "-");
      // Servers that are not root have to pass.
      Commands.run("chmod", "755", base().toString(), made.toString()).orFail();
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
