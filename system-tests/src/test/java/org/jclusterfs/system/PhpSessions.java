package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Two real php-fpm servers, one for each node, that keep their sessions in one directory of the
 * volume by PHP's own files handler, and requests that reach both for the same sessions.
 */
final class PhpSessions {

  private static final int WORKERS = 4;

  private final List<Path> mounts;
  private final Path directory = WorkDirectory.make("php");

  PhpSessions(Path a, Path b) {
    this.mounts = List.of(a, b);
  }

  /** Sends requests for each session to both servers at once; each has to be counted once. */
  void countEveryRequest(int sessions, int requestsEach) throws IOException {
    Path script = directory.resolve("count.php");
    Files.writeString(
        script,
        """
        <?php
        session_id($_SERVER['SESSION']);
        session_start();
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
        usleep(500);
        echo 'count=', $_SESSION['n'], "\\n";
        """);
    Path save = Files.createDirectory(mounts.get(0).resolve("sessions"));
    Commands.run("chmod", "1777", save.toString()).orFail();
    List<Process> servers = new ArrayList<>();
    try {
      for (int server = 0; server < 2; server++) {
        servers.add(startServer(server));
      }
      // WORKERS clients per server, each of which asks for every session in turn.
      List<List<String>> clients = new ArrayList<>();
      for (int client = 0; client < 2 * WORKERS; client++) {
        clients.add(client(client % 2, script, sessions, requestsEach));
      }
      List<String> said = Workers.runTogether(Duration.ofSeconds(150), clients);
      for (int session = 0; session < sessions; session++) {
        TreeSet<Integer> counts = new TreeSet<>();
        for (String text : said) {
          for (String line : text.lines().toList()) {
            if (line.startsWith("s" + session + " count=")) {
              counts.add(Integer.parseInt(line.substring(line.indexOf('=') + 1)));
            }
          }
        }
        // Every request saw another number, and the last saw them all.
        assertEquals(requestsEach, counts.size(), "different counts of session " + session);
        assertEquals(requestsEach, counts.last(), "last count of session " + session);
      }
      System.out.println(sessions * requestsEach + " requests to two php-fpm, all counted");
    } finally {
      servers.forEach(Process::destroy);
    }
  }

  private List<String> client(int server, Path script, int sessions, int requestsEach) {
    String loop =
        """
        for i in $(seq %d); do for s in $(seq 0 %d); do
          answer=$(SESSION=s$s SCRIPT_FILENAME=%s REQUEST_METHOD=GET cgi-fcgi -bind -connect %s) || exit 1
          case $answer in *count=*) ;; *) echo "answer: $answer"; exit 1 ;; esac
          echo "s$s count=${answer##*count=}"
        done; done
        """
            .formatted(requestsEach / (2 * WORKERS), sessions - 1, script, socket(server));
    return List.of("bash", "-c", loop);
  }

  private Process startServer(int server) throws IOException {
    Path configuration = directory.resolve("fpm" + server + ".conf");
    Files.writeString(
        configuration,
        """
        [global]
        daemonize = no
        error_log = %1$s/fpm%2$d.log
        [www]
        user = www-data
        group = www-data
        listen = %3$s
        pm = static
        pm.max_children = %4$d
        clear_env = no
        php_admin_value[session.save_handler] = files
        php_admin_value[session.save_path] = %5$s
        php_admin_value[session.use_strict_mode] = 0
        php_admin_value[session.use_cookies] = 0
        php_admin_value[session.gc_probability] = 0
        """
            .formatted(
                directory, server, socket(server), WORKERS, mounts.get(server) + "/sessions"));
    Process process =
        new ProcessBuilder(binary().toString(), "--nodaemonize", "--fpm-config", "" + configuration)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("fpm" + server + ".out").toFile())
            .start();
    for (int tries = 0; !Files.exists(socket(server)); tries++) {
      if (tries == 100 || !process.isAlive()) {
        process.destroyForcibly();
        throw new IllegalStateException(
            "php-fpm did not start: "
                + Files.readString(directory.resolve("fpm" + server + ".out")));
      }
      Commands.run("sleep", "0.1");
    }
    return process;
  }

  private Path socket(int server) {
    return directory.resolve("fpm" + server + ".sock");
  }

  private static Path binary() throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(Path.of("/usr/sbin"), "php-fpm*")) {
      for (Path path : found) {
        return path;
      }
    }
    throw new IllegalStateException("no php-fpm in /usr/sbin: bin/test installs it");
  }
}
