package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A php-fpm server that keeps its sessions by PHP's own files handler in one directory. */
final class PhpServer implements AutoCloseable {

  private final Path socket;
  private final Process process;

  private PhpServer(Path socket, Process process) {
    this.socket = socket;
    this.process = process;
  }

  /**
   * Starts one, and waits until it listens.
   *
   * @param directory for its configuration, socket and logs
   * @param name of these
   * @param sessions where the sessions are kept; anybody may write there
   * @param workers processes that serve requests
   */
  static PhpServer start(Path directory, String name, Path sessions, int workers)
      throws IOException {
    Path configuration = directory.resolve(name + ".conf");
    Path socket = directory.resolve(name + ".sock");
    Path output = directory.resolve(name + ".out");
    Files.writeString(
        configuration,
        """
        [global]
        daemonize = no
        error_log = %1$s/%2$s.log
        [www]
        user = www-data
        group = www-data
        listen = %3$s
        listen.mode = 0666
        pm = static
        pm.max_children = %4$d
        clear_env = no
        php_admin_value[session.save_handler] = files
        php_admin_value[session.save_path] = %5$s
        php_admin_value[session.use_strict_mode] = 0
        php_admin_value[session.use_cookies] = 0
        php_admin_value[session.gc_probability] = 0
        """
            .formatted(directory, name, socket, workers, sessions));
    Process process =
        new ProcessBuilder(binary().toString(), "--nodaemonize", "--fpm-config", "" + configuration)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    for (int tries = 0; !Files.exists(socket); tries++) {
      if (tries == 100 || !process.isAlive()) {
        process.destroyForcibly();
        throw new IllegalStateException("php-fpm did not start: " + Files.readString(output));
      }
      Checks.pause(100);
    }
    return new PhpServer(socket, process);
  }

  /** Where it listens. */
  Path socket() {
    return socket;
  }

  /** Ends it and its workers by SIGKILL, as when its host dies. */
  void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  @Override
  public void close() {
    process.destroy();
  }

  private static Path binary() throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(Path.of("/usr/sbin"), "php-fpm*")) {
      for (Path path : found) {
        return path;
      }
    }
    throw new IllegalStateException("no php-fpm in /usr/sbin: install the package php-fpm");
  }
}
