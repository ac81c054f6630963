package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Three nodes under load, one of which is killed with SIGKILL at a random moment, again and again.
 * Each time the survivors have to go on within {@link #MOST}, and every record whose fsync had
 * returned, on whichever node, has to be intact; at the end fsck has to find nothing.
 */
final class KillCampaign {

  /** Longest time that a survivor may stand still. */
  static final Duration MOST = Duration.ofSeconds(30);

  private static final int NODES = 3;
  private static final Duration SETTLE = Duration.ofSeconds(90);

  private final Target.Kind kind;
  private final long seed;
  private final String options;
  private final Random random;
  private final Loads loads = new Loads();
  private final Checks checks;
  private final List<Duration> pauses = new ArrayList<>();
  private Cluster cluster;
  private int kills;

  /**
   * A campaign that has not begun.
   *
   * @param seed of what is random about it
   * @param options mount options for every node, or empty
   */
  KillCampaign(Target.Kind kind, long seed, String options) {
    this.kind = kind;
    this.options = options;
    this.seed = seed;
    this.random = new Random(seed);
    checks = new Checks(() -> String.format("kill %d, seed %d, device %s", kills, seed, kind));
  }

  /**
   * Runs rounds until there were so many or the time is over, whichever is first.
   *
   * @return kills survived
   * @throws IllegalStateException at the first thing that is not as it has to be
   */
  int run(int rounds, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    System.out.printf("kill: three nodes on %s, seed %d%n", kind, seed);
    try (Target target = Target.start(kind, "4G")) {
      try (Cluster formatted = Cluster.format(target, NODES + 1, options)) {
        cluster = formatted;
        for (int n = 0; n < NODES; n++) {
          cluster.mount();
        }
        Files.createDirectory(cluster.nodes().get(0).path(Loads.DIRECTORY));
        cluster.nodes().forEach(loads::start);
        while (kills < rounds && System.nanoTime() < end) {
          round();
        }
        for (EndlessLoad load : loads.all()) {
          checks.demand(load.end(MOST), "the load of %s does not end", load.writer());
          loads.remember(load);
        }
        audit(cluster.nodes().get(random.nextInt(NODES)));
        cluster.unmountAndCheck();
        sum();
      } finally {
        loads.kill();
      }
    } catch (IOException e) {
      throw new IllegalStateException("after " + kills + " kills, seed " + seed + ": " + e, e);
    }
    return kills;
  }

  private void round() throws IOException {
    checks.await(
        SETTLE, "every load runs", () -> loads.all().stream().allMatch(l -> checks.hasDone(l, 5)));
    Checks.pause(random.nextInt(3000));
    loads.all().forEach(EndlessLoad::takeLongestPause);
    int victim = random.nextInt(NODES);
    Node node = cluster.nodes().get(victim);
    EndlessLoad dead = loads.of(victim);
    node.kill();
    long killedAt = System.nanoTime();
    kills++;
    checks.demand(dead.awaitEnd(MOST), "a process on the killed %s hangs", node);
    loads.remember(dead);
    node.clearDeadMount();
    // Comes back while the others may still be recovering: it waits for them, or takes a free slot.
    node.mount();
    long backAt = System.nanoTime();
    audit(node);
    EndlessLoad fresh = loads.start(node);
    long[] before = loads.all().stream().mapToLong(EndlessLoad::acknowledgements).toArray();
    checks.await(
        SETTLE,
        "every load goes on after the kill",
        () -> {
          for (int n = 0; n < NODES; n++) {
            EndlessLoad load = loads.of(n);
            checks.demand(
                load.isRunning(), "the load of %s ended: %s", load.writer(), load.error());
            checks.demand(
                load == fresh || load.longestPauseSoFar().compareTo(MOST) <= 0,
                "node %s stood still for more than %s",
                load.writer(),
                MOST);
            if (load.acknowledgements() < before[n] + 20) {
              return false;
            }
          }
          return true;
        });
    List<String> said = new ArrayList<>();
    for (int n = 0; n < NODES; n++) {
      if (n != victim) {
        Duration pause = loads.of(n).takeLongestPause();
        pauses.add(pause);
        said.add(Checks.seconds(pause));
        checks.demand(pause.compareTo(MOST) <= 0, "node %d stood still for %s", n, pause);
      }
    }
    System.out.printf(
        "kill %d: %s; survivors' longest pause %s; back after %.1f s%n",
        kills, node, String.join(" and ", said), (backAt - killedAt) / 1e9);
  }

  private void sum() {
    Collections.sort(pauses);
    System.out.printf(
        "%d kills; survivors stood still for %s to %s, median %s%n",
        kills,
        Checks.seconds(pauses.get(0)),
        Checks.seconds(pauses.get(pauses.size() - 1)),
        Checks.seconds(pauses.get(pauses.size() / 2)));
  }

  private void audit(Node node) throws IOException {
    String fault = loads.missingOn(node);
    checks.demand(fault.isEmpty(), "seen by %s: %s", node, fault);
  }
}
