package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
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
    List<PhpServer> servers = new ArrayList<>();
    try {
      for (int server = 0; server < 2; server++) {
        Path sessionsThere = mounts.get(server).resolve("sessions");
        servers.add(PhpServer.start(directory, "fpm" + server, sessionsThere, WORKERS));
      }
      // WORKERS clients per server, each of which asks for every session in turn.
      List<List<String>> clients = new ArrayList<>();
      for (int client = 0; client < 2 * WORKERS; client++) {
        clients.add(client(servers.get(client % 2), script, sessions, requestsEach));
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
      servers.forEach(PhpServer::close);
    }
  }

  private List<String> client(PhpServer server, Path script, int sessions, int requestsEach) {
    String loop =
        """
        for i in $(seq %d); do for s in $(seq 0 %d); do
          answer=$(SESSION=s$s SCRIPT_FILENAME=%s REQUEST_METHOD=GET cgi-fcgi -bind -connect %s) || exit 1
          case $answer in *count=*) ;; *) echo "answer: $answer"; exit 1 ;; esac
          echo "s$s count=${answer##*count=}"
        done; done
        """
            .formatted(requestsEach / (2 * WORKERS), sessions - 1, script, server.socket());
    return List.of("bash", "-c", loop);
  }
}
