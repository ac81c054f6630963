package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jclusterfs.mount.posix.Posix;

/**
 * Where daemons keep what tells of them while they live: /run/jclusterfs those of root, jclusterfs
 * in $XDG_RUNTIME_DIR those of a user, or .jclusterfs in $HOME where that is not set. The scripts
 * in bin/ go by the same rule.
 */
final class RunDirectory {
  private static final Path OF_ROOT = Path.of("/run/jclusterfs");
  private static final Path OF_USERS = Path.of("/run/user");
  private static final String NAME = "jclusterfs";

  private RunDirectory() {}

  /** This process's own, made where it is missing. */
  static Path own() throws IOException {
    Path directory = of(Posix.isRoot(), System.getenv());
    if (directory == null) {
      throw new IOException("neither XDG_RUNTIME_DIR nor HOME is set");
    }
    return Files.createDirectories(directory);
  }

  /** The one of root or a user; null where a user has none. */
  static Path of(boolean root, Map<String, String> environment) {
    if (root) {
      return OF_ROOT;
    }
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    String home = environment.getOrDefault("HOME", "");
    if (!runtime.isEmpty()) {
      return Path.of(runtime, NAME);
    }
    return home.isEmpty() ? null : Path.of(home, "." + NAME);
  }

  /** All in which the daemon of somebody's mount may be found. */
  static List<Path> all() {
    List<Path> all = new ArrayList<>();
    all.add(OF_ROOT);
    if (!Posix.isRoot()) {
      Path own = of(false, System.getenv());
      if (own != null) {
        all.add(own);
      }
    }
    try (DirectoryStream<Path> users = Files.newDirectoryStream(OF_USERS)) {
      users.forEach(user -> all.add(user.resolve(NAME)));
    } catch (IOException e) {
      // No system of users' own directories here.
    }
    return all.stream().distinct().filter(Files::isDirectory).toList();
  }
}
