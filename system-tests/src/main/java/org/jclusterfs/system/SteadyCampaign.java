package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Three nodes under full load for a while, and nothing else: nobody may be taken for dead. Small
 * files, fsyncs, appends to one file, places of one file that all write, and large writes, on each
 * node at the same time.
 */
final class SteadyCampaign {

  private static final int NODES = 3;
  private static final Duration SETTLE = Duration.ofSeconds(120);
  private static final Duration REPORT = Duration.ofMinutes(1);

  private final Target.Kind kind;
  private final String options;
  private final Loads loads = new Loads();
  private final List<SideLoad> others = new ArrayList<>();
  private final Checks checks;

  /**
   * A campaign that has not begun.
   *
   * @param options mount options for every node, or empty
   */
  SteadyCampaign(Target.Kind kind, String options) {
    this.kind = kind;
    this.options = options;
    checks = new Checks(() -> "steady load on " + kind);
  }

  /**
   * Runs for so long.
   *
   * @return 1
   * @throws IllegalStateException at the first node that stops or fences another
   */
  int run(Duration limit) {
    System.out.printf("steady: three nodes on %s under full load, options \"%s\"%n", kind, options);
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.format(target, NODES + 1, options)) {
      for (int n = 0; n < NODES; n++) {
        cluster.mount();
      }
      Files.createDirectory(cluster.nodes().get(0).path(Loads.DIRECTORY));
      for (Node node : cluster.nodes()) {
        loads.start(node);
        for (String mode : List.of("stamp", "bulk")) {
          others.add(
              SideLoad.start(mode, node.path(Loads.DIRECTORY), "n" + node.number(), 0, line -> {}));
        }
      }
      watch(cluster, System.nanoTime() + limit.toNanos());
      for (EndlessLoad load : loads.all()) {
        checks.demand(load.end(SETTLE), "the load of %s does not end", load.writer());
        loads.remember(load);
      }
      others.forEach(load -> checks.demand(load.end(SETTLE), "%s does not end", load));
      String fault = loads.missingOn(cluster.nodes().get(0));
      checks.demand(fault.isEmpty(), "%s", fault);
      cluster.unmountAndCheck();
      return 1;
    } catch (IOException e) {
      throw new IllegalStateException(e.toString(), e);
    } finally {
      loads.kill();
      others.forEach(load -> load.end(Duration.ofSeconds(1)));
    }
  }

  private void watch(Cluster cluster, long end) {
    long began = System.nanoTime();
    long nextReport = began + REPORT.toNanos();
    while (System.nanoTime() < end) {
      Checks.pause(1000);
      for (Node node : cluster.nodes()) {
        for (String sign : List.of("withdraws", "fencing slot")) {
          List<String> lines = node.logged(sign, 0);
          checks.demand(lines.isEmpty(), "%s says: %s", node, lines);
        }
      }
      for (EndlessLoad load : loads.all()) {
        checks.hasDone(load, 0);
      }
      for (SideLoad load : others) {
        checks.demand(load.isRunning(), "%s ended: %s", load, load.error());
      }
      if (System.nanoTime() >= nextReport) {
        nextReport += REPORT.toNanos();
        report(cluster, Duration.ofNanos(System.nanoTime() - began));
      }
    }
  }

  private void report(Cluster cluster, Duration since) {
    long acknowledged = loads.all().stream().mapToLong(EndlessLoad::acknowledgements).sum();
    List<String> pauses = new ArrayList<>();
    loads.all().forEach(load -> pauses.add(Checks.seconds(load.takeLongestPause())));
    int late = 0;
    for (Node node : cluster.nodes()) {
      late += node.logged("heartbeat of slot", 0).size();
    }
    System.out.printf(
        "%d min: nobody was taken for dead; %d acknowledgements; longest pauses of this minute %s;"
            + " failed heartbeats %d%n",
        since.toMinutes(), acknowledged, String.join(", ", pauses), late);
  }
}
