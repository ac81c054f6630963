package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * fcntl locks per second of ctdb's ping_pong: on one mount alone, against a mount that grants every
 * lock at once, in turn; then on two mounts, and with data.
 */
final class PingPongBench {

  private static final double WANTED_RATIO = 0.5;

  private final Target.Kind kind;
  private final int warmUpSeconds;
  private final int seconds;
  private final int rounds;
  private final String options;

  /**
   * A bench that has not begun.
   *
   * @param warmUpSeconds length of a run of each kind before those that count, 0 for none
   * @param seconds length of each run, at least 3
   * @param rounds runs of each kind
   * @param options mount options for both nodes, or empty
   */
  PingPongBench(Target.Kind kind, int warmUpSeconds, int seconds, int rounds, String options) {
    this.options = options;
    if (seconds < 3) {
      throw new IllegalArgumentException("--seconds: ping_pong tells a rate after 3 at the least");
    }
    this.kind = kind;
    this.warmUpSeconds = warmUpSeconds;
    this.seconds = seconds;
    this.rounds = rounds;
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, 4, options)) {
      Path file = Files.createFile(cluster.mount().path("ping-pong"));
      System.out.printf("ping-pong: fcntl locks per second on %s%n", kind);
      alone(file);
      Path other = cluster.mount().path("ping-pong");
      together("two mounts", List.of(file, other), false);
      together("with data", List.of(file, other), true);
      cluster.unmountAndCheck();
    }
  }

  private void alone(Path file) {
    List<Double> own = new ArrayList<>();
    List<Double> granted = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    try (GrantingMount granting = GrantingMount.start()) {
      warmUp(List.of(file), false);
      warmUp(List.of(granting.file()), false);
      for (int n = 0; n < rounds; n++) {
        own.addAll(rates(List.of(file), false, seconds));
        granted.addAll(rates(List.of(granting.file()), false, seconds));
        ratios.add(own.get(n) / granted.get(n));
      }
    }
    System.out.printf("%-16s %s%n", "one mount alone", Median.of(own));
    System.out.printf("%-16s %s%n", "granted at once", Median.of(granted));
    System.out.printf("%-16s %s; at least %.1f wanted%n", "ratio", Median.of(ratios), WANTED_RATIO);
  }

  private void together(String name, List<Path> files, boolean data) {
    warmUp(files, data);
    List<Double> rates = new ArrayList<>();
    for (int n = 0; n < rounds; n++) {
      rates.addAll(rates(files, data, seconds));
    }
    System.out.printf("%-16s %s in each process%n", name, Median.of(rates));
  }

  private void warmUp(List<Path> files, boolean data) {
    if (warmUpSeconds > 0) {
      rates(files, data, warmUpSeconds);
    }
  }

  private static List<Double> rates(List<Path> files, boolean data, int seconds) {
    List<CtdbPingPong.Report> reports = CtdbPingPong.run(files, data ? "-rw" : "", seconds);
    for (CtdbPingPong.Report report : reports) {
      if (data && !report.increments().stream().allMatch(seen -> seen == files.size())) {
        throw new IllegalStateException(
            "ping_pong -rw on " + files + " saw increments of " + report.increments());
      }
    }
    return reports.stream().map(CtdbPingPong.Report::perSecond).toList();
  }
}
