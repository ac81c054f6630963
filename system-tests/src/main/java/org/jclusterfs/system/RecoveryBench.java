package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How long a node's death by SIGKILL delays the others: until the first file that one of them makes
 * in the directory in which the dead node was making files, and the longest time between two files
 * in a directory that a survivor has for itself. What the survivors logged during the slowest is
 * printed at the end.
 */
final class RecoveryBench {

  private static final int NODES = 3;

  private final Target.Kind kind;
  private final int rounds;
  private final String options;
  private final List<Duration> held = new ArrayList<>();
  private final List<Duration> unaffected = new ArrayList<>();
  private Duration slowest = Duration.ZERO;
  private List<String> logsOfSlowest = List.of();

  /**
   * A bench that has not begun.
   *
   * @param options mount options for every node, or empty for a threshold of 3 s
   */
  RecoveryBench(Target.Kind kind, int rounds, String options) {
    this.kind = kind;
    this.rounds = rounds;
    this.options = options.isEmpty() ? "threshold=3" : options;
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, NODES + 1, options)) {
      for (int n = 0; n < NODES; n++) {
        cluster.mount();
      }
      System.out.printf("recovery: three nodes on %s, options %s%n", kind, options);
      for (int round = 0; round < rounds; round++) {
        measure(cluster, round);
      }
      sum("first file in a directory of the dead node", held);
      sum("longest pause in a directory that it did not use", unaffected);
      System.out.println("what the survivors logged during the slowest:");
      logsOfSlowest.forEach(System.out::println);
      cluster.unmountAndCheck();
    }
  }

  private void measure(Cluster cluster, int round) throws IOException {
    Node victim = cluster.nodes().get(round % NODES);
    Node heir = cluster.nodes().get((round + 1) % NODES);
    Node bystander = cluster.nodes().get((round + 2) % NODES);
    String common = "held-" + round;
    try (FileMaker dying = FileMaker.start(Files.createDirectory(victim.path(common)), "dying");
        FileMaker own =
            FileMaker.start(Files.createDirectory(bystander.path("own-" + round)), "own")) {
      Checks.pause(2000);
      own.takeLongestPause();
      final long heirLog = heir.logSize();
      final long bystanderLog = bystander.logSize();
      final long killed = System.nanoTime();
      victim.kill();
      Files.createFile(heir.path(common).resolve("heir"));
      final long first = System.nanoTime();
      Checks.pause(1000);
      Duration delay = Duration.ofNanos(first - killed);
      Duration pause = own.takeLongestPause();
      held.add(delay);
      unaffected.add(pause);
      System.out.printf(
          "kill %d, %s: first file after %s, longest pause elsewhere %s%n",
          round + 1, victim, Checks.seconds(delay), Checks.seconds(pause));
      if (delay.compareTo(slowest) > 0) {
        slowest = delay;
        logsOfSlowest = new ArrayList<>(heir.logged("", heirLog));
        logsOfSlowest.addAll(bystander.logged("", bystanderLog));
      }
    }
    victim.clearDeadMount();
    victim.mount();
    Checks.pause(1000);
  }

  private static void sum(String what, List<Duration> times) {
    Collections.sort(times);
    System.out.printf(
        "%s: median %.2f s, %.2f to %.2f s, of %d%n",
        what,
        times.get(times.size() / 2).toMillis() / 1000.0,
        times.get(0).toMillis() / 1000.0,
        times.get(times.size() - 1).toMillis() / 1000.0,
        times.size());
  }
}
