package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

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
          demand(load.end(MOST), "the load of %s does not end", load.writer());
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
    await(SETTLE, "every load runs", () -> loads.all().stream().allMatch(l -> hasDone(l, 5)));
    pause(random.nextInt(3000));
    loads.all().forEach(EndlessLoad::takeLongestPause);
    int victim = random.nextInt(NODES);
    Node node = cluster.nodes().get(victim);
    EndlessLoad dead = loads.of(victim);
    node.kill();
    long killedAt = System.nanoTime();
    kills++;
    demand(dead.awaitEnd(MOST), "a process on the killed %s hangs", node);
    loads.remember(dead);
    node.clearDeadMount();
    // Comes back while the others may still be recovering: it waits for them, or takes a free slot.
    node.mount();
    long backAt = System.nanoTime();
    audit(node);
    EndlessLoad fresh = loads.start(node);
    long[] before = loads.all().stream().mapToLong(EndlessLoad::acknowledgements).toArray();
    await(
        SETTLE,
        "every load goes on after the kill",
        () -> {
          for (int n = 0; n < NODES; n++) {
            EndlessLoad load = loads.of(n);
            demand(load.isRunning(), "the load of %s ended: %s", load.writer(), load.error());
            demand(
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
        said.add(seconds(pause));
        demand(pause.compareTo(MOST) <= 0, "node %d stood still for %s", n, pause);
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
        seconds(pauses.get(0)),
        seconds(pauses.get(pauses.size() - 1)),
        seconds(pauses.get(pauses.size() / 2)));
  }

  private static String seconds(Duration time) {
    return String.format("%.1f s", time.toMillis() / 1000.0);
  }

  private boolean hasDone(EndlessLoad load, int count) {
    demand(load.isRunning(), "the load of %s ended: %s", load.writer(), load.error());
    return load.acknowledgements() >= count;
  }

  private void audit(Node node) throws IOException {
    String fault = loads.missingOn(node);
    demand(fault.isEmpty(), "seen by %s: %s", node, fault);
  }

  private void await(Duration limit, String what, BooleanSupplier condition) {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      demand(System.nanoTime() < end, "waited %s in vain until %s", limit, what);
      pause(100);
    }
  }

  private void demand(boolean condition, String format, Object... args) {
    if (!condition) {
      throw new IllegalStateException(
          String.format("kill %d, seed %d, device %s: ", kills, seed, kind)
              + String.format(format, args));
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
