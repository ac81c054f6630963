package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Processes on two nodes that make, remove, rename, link, look at and list the same few names in
 * the same few directories at random. Some order of the calls, each between its begin and its end,
 * has to explain all results (linearizability), and fsck has to find nothing.
 */
final class NamespaceCampaign {

  private static final int NODES = 2;
  private static final Duration START = Duration.ofSeconds(120);

  /** Operations of one round: its history is kept in memory. */
  private static final int ROUND = 50_000;

  private final Target.Kind kind;
  private final long seed;
  private final String options;
  private final int processes;

  /**
   * A campaign that has not begun.
   *
   * @param options mount options for every node, or empty
   * @param processes on each node
   */
  NamespaceCampaign(Target.Kind kind, long seed, String options, int processes) {
    this.kind = kind;
    this.seed = seed;
    this.options = options;
    this.processes = processes;
  }

  /**
   * Runs until there were so many operations or the time is over, whichever is first.
   *
   * @return operations done and explained
   * @throws IllegalStateException where no order explains what was seen
   */
  int run(int operations, Duration limit) {
    System.out.printf(
        "namespace: %d processes on each of %d mounts on %s, seed %d%n",
        processes, NODES, kind, seed);
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, NODES + 1, options)) {
      for (int n = 0; n < NODES; n++) {
        cluster.mount();
      }
      int done = on(cluster, operations, limit);
      cluster.unmountAndCheck();
      return done;
    } catch (IOException | UncheckedIOException e) {
      throw new IllegalStateException("seed " + seed + ": " + e, e);
    }
  }

  /** As {@link #run}, on a cluster that has at least two nodes mounted; it stays so. */
  int on(Cluster cluster, int operations, Duration limit) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    int done = 0;
    for (int round = 0; done < operations && System.nanoTime() < end; round++) {
      int left = (operations - done - 1) / (NODES * processes) + 1;
      int each = Math.min(left, ROUND / (NODES * processes));
      done += round(cluster, round, each, Duration.ofNanos(end - System.nanoTime()));
    }
    return done;
  }

  private int round(Cluster cluster, int round, int each, Duration left) throws IOException {
    String name = "round" + round;
    Path root = Files.createDirectory(cluster.nodes().get(0).path(name));
    for (int d = 0; d < NamespaceOperation.DIRECTORIES; d++) {
      Files.createDirectory(
          root.resolve(NamespaceOperation.directory(d * NamespaceOperation.NAMES)));
    }
    Path work = WorkDirectory.make("namespace");
    Path go = work.resolve("go");
    List<List<String>> commands = new ArrayList<>();
    List<Path> histories = new ArrayList<>();
    for (int p = 0; p < NODES * processes; p++) {
      Path history = work.resolve("history" + p);
      histories.add(history);
      Path place = cluster.nodes().get(p % NODES).path(name);
      long own = (seed + round) * 1000 + p;
      commands.add(NamespaceWorker.command(place, own, each, history, go));
    }
    Thread starter = new Thread(() -> start(histories, go), "start");
    starter.start();
    long begin = System.nanoTime();
    Workers.runTogether(START.plus(left).plusSeconds(each), commands);
    double seconds = (System.nanoTime() - begin) / 1e9;
    List<List<NamespaceOperation>> done = new ArrayList<>();
    for (Path history : histories) {
      try (Stream<String> lines = Files.lines(history)) {
        done.add(lines.map(NamespaceOperation::decode).toList());
      }
    }
    NamespaceHistory history = new NamespaceHistory(done);
    System.out.printf(
        "round %d: %d operations, %.0f/s%n", round, history.size(), history.size() / seconds);
    String contradiction = history.contradiction();
    if (!contradiction.isEmpty()) {
      throw new IllegalStateException("round " + round + ", seed " + seed + ": " + contradiction);
    }
    return history.size();
  }

  /** Lets all begin at once when all are there. */
  private static void start(List<Path> histories, Path go) {
    try {
      long end = System.nanoTime() + START.toNanos();
      while (!histories.stream().allMatch(h -> Files.exists(Path.of(h + ".ready")))
          && System.nanoTime() < end) {
        Checks.pause(20);
      }
      Files.createFile(go);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
