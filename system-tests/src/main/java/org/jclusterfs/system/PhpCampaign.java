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
 * PHP sessions on three nodes: a php-fpm on each, which keeps its sessions on its mount, nginx in
 * front of them, and wrk. Each request adds one in a session, so the sums have to be what was
 * requested. First with all nodes, then one node dies half way.
 */
final class PhpCampaign {

  private static final int NODES = 3;
  private static final int CONNECTIONS = 12;
  private static final int WORKERS = 6;
  private static final int SESSIONS = 100;
  private static final int COMMIT_SECONDS = 5;
  private static final Pattern COUNT = Pattern.compile("n\\|i:(\\d+);");

  private final Target.Kind kind;
  private final long seed;
  private final String options;

  /**
   * A campaign that has not begun.
   *
   * @param options mount options for every node, or empty
   */
  PhpCampaign(Target.Kind kind, long seed, String options) {
    this.kind = kind;
    this.seed = seed;
    this.options = options;
  }

  /**
   * Loads the site for so long, half of it in either run.
   *
   * @return requests that were counted right
   * @throws IllegalStateException where a sum is wrong or a request failed
   */
  int run(Duration limit) {
    System.out.printf("php: three php-fpm behind nginx on %s, seed %d%n", kind, seed);
    String all = (options.isEmpty() ? "" : options + ",") + "commit=" + COMMIT_SECONDS;
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, NODES + 1, all)) {
      for (int n = 0; n < NODES; n++) {
        cluster.mount();
      }
      Duration time = limit.dividedBy(2);
      int counted = steady(cluster, time) + withDeath(cluster, time);
      cluster.unmountAndCheck();
      return counted;
    } catch (IOException e) {
      throw new IllegalStateException("seed " + seed + ": " + e, e);
    }
  }

  /** The first run, on a cluster that has three nodes mounted; it stays so. */
  int steady(Cluster cluster, Duration time) throws IOException {
    try (Servers servers = new Servers(cluster, "steady")) {
      WebSite.Load load = servers.site.load(CONNECTIONS, SESSIONS, time, seed);
      demand(
          load.refused() == 0 && load.broken() == 0,
          "requests failed: %s%n%s",
          load.said(),
          servers.site.errors());
      Checks.pause(500); // requests under way when wrk ended
      int sum = servers.sum(cluster.nodes().get(0));
      System.out.printf(
          "%d requests in %d s, %.0f/s, sum of the sessions %d%n",
          load.requests(), time.toSeconds(), (double) load.requests() / time.toSeconds(), sum);
      demand(
          sum >= load.requests() && sum <= load.requests() + CONNECTIONS,
          "the sessions' sum is %d after %d requests on %d connections",
          sum,
          load.requests(),
          CONNECTIONS);
      return load.requests();
    }
  }

  private int withDeath(Cluster cluster, Duration time) throws IOException {
    int number = (int) Math.floorMod(seed, NODES);
    Node victim = cluster.nodes().get(number);
    try (Servers servers = new Servers(cluster, "death")) {
      double[] diedAt = {0};
      Thread killer =
          new Thread(
              () -> {
                Checks.pause(time.toMillis() / 2);
                // The whole host dies: who served requests there, and the daemon.
                victim.kill();
                servers.all.get(number).kill();
                diedAt[0] = System.currentTimeMillis() / 1000.0;
              },
              "killer");
      killer.start();
      WebSite.Load load = servers.site.load(CONNECTIONS, SESSIONS, time, seed + 1);
      killer.join();
      victim.clearDeadMount();
      Node survivor = cluster.nodes().get((number + 1) % NODES);
      int sum = servers.sum(survivor);
      long recent =
          servers.site.answered(servers.all.get(number), diedAt[0] - COMMIT_SECONDS, diedAt[0] + 1);
      System.out.printf(
          "%s died: %d requests in %d s, %d refused, %d broken, sum of the sessions %d; it had"
              + " answered %d in its last %d s%n",
          victim,
          load.requests(),
          time.toSeconds(),
          load.refused(),
          load.broken(),
          sum,
          recent,
          COMMIT_SECONDS);
      // What it had under way may be asked of another once more.
      int most = load.requests() + 2 * CONNECTIONS;
      long least = load.requests() - load.refused() - recent;
      demand(
          load.refused() + load.broken() <= WORKERS,
          "%d requests failed, more than the dead node had under way: %s%n%s",
          load.refused() + load.broken(),
          load.said(),
          servers.site.errors());
      demand(sum >= least && sum <= most, "the sum is %d, not %d to %d", sum, least, most);
      return load.requests() - load.refused();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private void demand(boolean condition, String format, Object... arguments) {
    if (!condition) {
      throw new IllegalStateException("seed " + seed + ": " + String.format(format, arguments));
    }
  }

  /** A php-fpm for each node and the site in front of them. */
  private static final class Servers implements AutoCloseable {
    final List<PhpServer> all = new ArrayList<>();
    final WebSite site;
    private final String sessions;

    Servers(Cluster cluster, String name) throws IOException {
      sessions = "sessions-" + name;
      Path directory = WorkDirectory.make("php-" + name);
      Path made = Files.createDirectory(cluster.nodes().get(0).path(sessions));
      Commands.run("chmod", "1777", made.toString()).orFail();
      WebSite started = null;
      try {
        for (Node node : cluster.nodes()) {
          all.add(PhpServer.start(directory, "fpm" + node.number(), node.path(sessions), WORKERS));
        }
        started = WebSite.start(directory, all);
      } finally {
        if (started == null) {
          all.forEach(PhpServer::close);
        }
      }
      site = started;
    }

    int sum(Node node) throws IOException {
      int sum = 0;
      try (Stream<Path> files = Files.list(node.path(sessions))) {
        for (Path file : files.toList()) {
          Matcher count = COUNT.matcher(Files.readString(file));
          sum += count.matches() ? Integer.parseInt(count.group(1)) : 0;
        }
      }
      return sum;
    }

    @Override
    public void close() {
      site.close();
      all.forEach(PhpServer::close);
    }
  }
}
