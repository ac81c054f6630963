package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One web site served by an nginx in front of several {@link PhpServer}s, whose only page adds one
 * to a number in the session that the request names; and wrk, which loads it.
 */
final class WebSite implements AutoCloseable {

  private static final int LOWEST_PORT = 20_000;
  private static final int PORTS = 10_000;
  private static final int STARTS = 10;
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");
  private static final Pattern REFUSED = Pattern.compile("Non-2xx or 3xx responses: (\\d+)");
  private static final Pattern BROKEN =
      Pattern.compile("Socket errors: connect (\\d+), read (\\d+), write (\\d+), timeout (\\d+)");

  /**
   * What wrk counted.
   *
   * @param requests answered, with whatever status
   * @param refused of them with a status that tells an error
   * @param broken connections that failed, and answers that did not come in time
   */
  record Load(int requests, int refused, int broken, String said) {}

  private final Path directory;
  private final int port;
  private final Process process;

  private WebSite(Path directory, int port, Process process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
  }

  /** Starts the server in front of the others. */
  static WebSite start(Path directory, List<PhpServer> servers) throws IOException {
    Path script = directory.resolve("count.php");
    Files.writeString(
        script,
        """
        <?php
        session_id('s' . (int) $_GET['s']);
        if (!@session_start()) {
          http_response_code(503);
          exit;
        }
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
        if (!@session_write_close()) {
          http_response_code(500);
          exit;
        }
        echo $_SESSION['n'], "\\n";
        """);
    for (int tries = 0; tries < STARTS; tries++) {
      int port = LOWEST_PORT + (int) (Math.random() * PORTS);
      Path configuration = directory.resolve("nginx.conf");
      Files.writeString(configuration, configuration(directory, script, servers, port));
      Process process =
          new ProcessBuilder(
                  "/usr/sbin/nginx", "-c", configuration.toString(), "-p", "" + directory)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("nginx.out").toFile())
              .start();
      for (int waits = 0; waits < 50 && process.isAlive(); waits++) {
        if (Files.exists(directory.resolve("nginx.pid"))) {
          return new WebSite(directory, port, process);
        }
        Checks.pause(100);
      }
      process.destroyForcibly(); // the port was taken
    }
    throw new IllegalStateException(
        "nginx does not start: " + Files.readString(directory.resolve("nginx.out")));
  }

  private static String configuration(
      Path directory, Path script, List<PhpServer> servers, int port) {
    StringBuilder upstream = new StringBuilder();
    for (PhpServer server : servers) {
      upstream.append("server unix:").append(server.socket()).append(" max_fails=1; ");
    }
    return """
        daemon off;
        user www-data;
        worker_processes 1;
        pid %1$s/nginx.pid;
        error_log %1$s/nginx-error.log;
        events { worker_connections 1024; }
        http {
          log_format upstream '$msec $status $upstream_status $upstream_addr';
          access_log %1$s/access.log upstream;
          client_body_temp_path %1$s/body;
          fastcgi_temp_path %1$s/fastcgi;
          proxy_temp_path %1$s/proxy;
          uwsgi_temp_path %1$s/uwsgi;
          scgi_temp_path %1$s/scgi;
          upstream php { %2$s}
          server {
            listen 127.0.0.1:%3$d;
            location / {
              fastcgi_pass php;
              fastcgi_next_upstream error timeout http_503;
              fastcgi_read_timeout 60s;
              fastcgi_param SCRIPT_FILENAME %4$s;
              fastcgi_param REQUEST_METHOD $request_method;
              fastcgi_param QUERY_STRING $query_string;
            }
          }
        }
        """
        .formatted(directory, upstream, port, script);
  }

  /**
   * Sends requests for random sessions for a while.
   *
   * @param connections at a time; each has one request under way
   */
  Load load(int connections, int sessions, Duration time, long seed) throws IOException {
    Path requests = directory.resolve("requests.lua");
    Files.writeString(
        requests,
        """
        local threads = 0
        function setup(thread) thread:set("id", threads); threads = threads + 1 end
        function init() math.randomseed(%d + id) end
        function request() return wrk.format("GET", "/?s=" .. math.random(%d)) end
        """
            .formatted(seed, sessions));
    List<String> command = new ArrayList<>(List.of("wrk", "-t", "2", "-c", "" + connections));
    command.addAll(List.of("-d", time.toSeconds() + "s", "--timeout", "60s", "-s", "" + requests));
    command.add("http://127.0.0.1:" + port + "/");
    String said = Workers.runTogether(time.plusSeconds(90), List.of(command)).get(0);
    Matcher broken = BROKEN.matcher(said);
    int sum = 0;
    if (broken.find()) {
      for (int n = 1; n <= broken.groupCount(); n++) {
        sum += Integer.parseInt(broken.group(n));
      }
    }
    return new Load(number(REQUESTS, said), number(REFUSED, said), sum, said);
  }

  private static int number(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? Integer.parseInt(found.group(1)) : 0;
  }

  /** Requests answered by one server within a span of time, in seconds since 1970. */
  long answered(PhpServer server, double from, double to) throws IOException {
    try (Stream<String> lines = Files.lines(directory.resolve("access.log"))) {
      return lines
          .filter(line -> line.endsWith(server.socket().toString()))
          .mapToDouble(line -> Double.parseDouble(line.substring(0, line.indexOf(' '))))
          .filter(at -> at >= from && at <= to)
          .count();
    }
  }

  /** What the servers logged as errors, for people. */
  String errors() throws IOException {
    List<String> lines = Files.readAllLines(directory.resolve("nginx-error.log"));
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
  }

  @Override
  public void close() {
    process.destroy();
  }
}
