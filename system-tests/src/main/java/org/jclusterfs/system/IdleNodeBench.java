package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * Files that a node makes per second, alone and while a second node is mounted and does nothing, in
 * turn; and the lock messages that they cost.
 */
final class IdleNodeBench {

  private static final double WANTED_RATIO = 0.9;

  private final Target.Kind kind;
  private final int warmUpSeconds;
  private final int seconds;
  private final int rounds;
  private final String options;

  /**
   * A bench that has not begun.
   *
   * @param warmUpSeconds length of a run before those that count
   * @param seconds length of each run
   * @param rounds pairs of runs
   * @param options mount options for both nodes, or empty
   */
  IdleNodeBench(Target.Kind kind, int warmUpSeconds, int seconds, int rounds, String options) {
    this.warmUpSeconds = warmUpSeconds;
    this.kind = kind;
    this.rounds = rounds;
    this.seconds = seconds;
    this.options = options;
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "8G");
        Cluster cluster = Cluster.formatForHelpers(target, 4, options)) {
      Node node = cluster.mount();
      Node idle = cluster.node();
      System.out.printf("idle-node: files made per second by one node on %s%n", kind);
      FileMaking.during(node, "warm", warmUpSeconds);
      List<Double> alone = new ArrayList<>();
      List<Double> beside = new ArrayList<>();
      List<Double> ratios = new ArrayList<>();
      double messages = 0;
      for (int round = 0; round < rounds; round++) {
        // Each first in every other pair: what grows with the volume falls on both.
        for (boolean second : List.of(round % 2 == 1, round % 2 == 0)) {
          if (second) {
            idle.mount();
            Files.list(idle.directory()).close();
          }
          FileMaking made =
              FileMaking.during(node, (second ? "beside-" : "alone-") + round, seconds);
          (second ? beside : alone).add(made.perSecond());
          if (second) {
            messages = Math.max(messages, made.messagesPerHundred());
            idle.unmount();
          }
        }
        ratios.add(beside.get(round) / alone.get(round));
      }
      System.out.printf("%-22s %s%n", "alone", Median.of(alone));
      System.out.printf("%-22s %s%n", "beside an idle node", Median.of(beside));
      System.out.printf(
          "%-22s %s; at least %.1f wanted%n", "ratio", Median.of(ratios), WANTED_RATIO);
      System.out.printf(
          "%-22s %.2f at most; no more than 1 wanted%n", "messages per 100", messages);
      cluster.unmountAndCheck();
    }
  }
}
