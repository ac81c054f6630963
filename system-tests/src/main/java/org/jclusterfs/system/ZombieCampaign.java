package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Three nodes under write load on the same files, one of which is stopped by SIGSTOP for longer
 * than its threshold while the others recover it and go on, and then wakes up, again and again.
 * Each time not one of its writes may land on what the others wrote, its readers may not see old
 * data any more, its processes have to get errors, its log has to say why, it can be mounted again,
 * and fsck has to find nothing.
 */
final class ZombieCampaign {

  private static final int NODES = 3;
  private static final Duration SETTLE = Duration.ofSeconds(90);

  /** A woken daemon has so long to notice and to fail what its processes wait for. */
  private static final Duration END = Duration.ofSeconds(20);

  /** What it had under way may still be answered when it wakes, until it has dropped its caches. */
  private static final Duration WAKING = Duration.ofSeconds(2);

  private static final String GENERATION = "stamp";

  private final Target.Kind kind;
  private final long seed;
  private final String options;
  private final Random random;
  private final Loads loads = new Loads();
  private final List<SideLoad> stampers = new ArrayList<>();
  private final Checks checks;
  private Cluster cluster;
  private OldDataWatch watch;
  private int rounds;

  /**
   * A campaign that has not begun.
   *
   * @param seed of what is random about it
   * @param options mount options for every node, or empty for a threshold of 3 s
   */
  ZombieCampaign(Target.Kind kind, long seed, String options) {
    this.kind = kind;
    this.seed = seed;
    this.options = options.isEmpty() ? "threshold=3" : options;
    this.random = new Random(seed);
    checks = new Checks(() -> String.format("round %d, seed %d, device %s", rounds, seed, kind));
  }

  /**
   * Runs rounds until there were so many or the time is over, whichever is first.
   *
   * @return zombies survived
   * @throws IllegalStateException at the first thing that is not as it has to be
   */
  int run(int most, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    System.out.printf("zombie: three nodes on %s, seed %d, options %s%n", kind, seed, options);
    try (Target target = Target.start(kind, "4G")) {
      try (Cluster formatted = Cluster.format(target, NODES + 1, options)) {
        cluster = formatted;
        for (int n = 0; n < NODES; n++) {
          cluster.mount();
        }
        Files.createDirectory(cluster.nodes().get(0).path(Loads.DIRECTORY));
        while (rounds < most && System.nanoTime() < end) {
          round();
        }
      } finally {
        endLoads();
      }
    } catch (IOException e) {
      throw new IllegalStateException("round " + rounds + ", seed " + seed + ": " + e, e);
    }
    System.out.printf(
        "%d zombies; %d acknowledged records were looked for and found%n", rounds, loads.checked());
    return rounds;
  }

  private void endLoads() {
    loads.kill();
    stampers.forEach(load -> load.end(Duration.ofSeconds(1)));
    if (watch != null) {
      watch.end();
    }
  }

  private static Path directory(Node node) {
    return node.path(Loads.DIRECTORY);
  }

  private static Path watched(Node node) {
    return directory(node).resolve("watched");
  }

  private void round() throws IOException {
    rounds++;
    Node victim = cluster.nodes().get(random.nextInt(NODES));
    List<Node> survivors = cluster.nodes().stream().filter(node -> node != victim).toList();
    long old = 2L * rounds;
    OldDataWatch.put(watched(survivors.get(0)), old);
    startLoads(victim, old);
    Checks.pause(random.nextInt(1500));

    long logFrom = victim.logSize();
    long daemon = victim.daemon();
    Node.stop(daemon);
    long stopped = System.nanoTime();
    // The zombie holds this file's lock, so that the write ends when it is fenced and recovered.
    inTime(() -> OldDataWatch.put(watched(survivors.get(0)), old + 1), "writes what it held");
    long recovered = System.nanoTime();
    LoadRecord generation = stampOver(victim, survivors);
    boolean guarded = kind != Target.Kind.FILE && random.nextInt(4) == 0;
    // Longer than its guardian waits, or not; a moment at least in which the others go on.
    long sleep = guarded ? 15_000 : 500 + random.nextInt(2500);
    Checks.pause(sleep);
    if (kind != Target.Kind.FILE) {
      Node.goOn(daemon);
    }
    long woken = System.nanoTime();
    String error = judgeVictim(victim, daemon, logFrom, guarded);
    judgeReaders(old + 1, stopped, recovered, woken);
    for (Node survivor : survivors) {
      EndlessLoad load = loads.of(survivor.number());
      long goal = load.acknowledgements() + 20;
      checks.await(SETTLE, survivor + " goes on", () -> checks.hasDone(load, goal));
      sameEverywhere(survivor, generation);
    }
    remount(victim, daemon);
    sameEverywhere(victim, generation);
    audit(victim);
    System.out.printf(
        "zombie %d: %s, others wrote its files again %.1f s after it stopped; asleep for %.1f s;"
            + " its load got: %s%n",
        rounds, victim, (recovered - stopped) / 1e9, (woken - stopped) / 1e9, error);
    checkVolume(generation);
  }

  private void startLoads(Node victim, long value) {
    stampers.clear();
    for (Node node : cluster.nodes()) {
      loads.start(node);
      stampers.add(
          SideLoad.start("stamp", directory(node), "n" + node.number(), rounds, line -> {}));
    }
    watch = new OldDataWatch(watched(victim), "n" + victim.number());
    checks.await(
        SETTLE,
        "every load runs",
        () ->
            loads.all().stream().allMatch(load -> checks.hasDone(load, 20))
                && watch.hasSeen(value));
    for (SideLoad load : stampers) {
      checks.demand(load.isRunning(), "%s ended: %s", load, load.error());
    }
  }

  /** The survivors end their own stamping and put one last stamp everywhere. */
  private LoadRecord stampOver(Node victim, List<Node> survivors) {
    for (Node survivor : survivors) {
      SideLoad load = stampers.get(survivor.number());
      checks.demand(load.isRunning(), "%s ended: %s", load, load.error());
      checks.demand(load.end(SETTLE), "%s hangs", load);
    }
    LoadRecord generation = new LoadRecord(GENERATION, rounds);
    List<Path> turns = survivors.stream().map(ZombieCampaign::directory).toList();
    inTime(() -> Stamps.stampAll(turns, generation), "writes the zombie's files");
    return generation;
  }

  /** Its processes have got errors, and its log says why. */
  private String judgeVictim(Node victim, long daemon, long logFrom, boolean guarded) {
    EndlessLoad load = loads.of(victim.number());
    SideLoad stamper = stampers.get(victim.number());
    checks.demand(load.awaitEnd(END), "the load of the woken %s goes on or hangs", victim);
    checks.demand(stamper.awaitEnd(END), "%s goes on or hangs", stamper);
    loads.remember(load);
    boolean alive = kind != Target.Kind.FILE && !guarded;
    for (String error : List.of(load.error(), stamper.error())) {
      checks.demand(
          error.contains("Input/output error") || !alive && endedByAbort(error),
          "a process of the woken %s got: %s",
          victim,
          error);
    }
    String text = load.error().lines().findFirst().orElse("");
    try {
      Files.writeString(victim.path("late"), "x");
      checks.demand(false, "the woken %s takes a new file", victim);
    } catch (IOException e) {
      text += ", a new file: " + e.getMessage();
    }
    if (kind == Target.Kind.FILE) {
      checks.await(END, victim + " is killed", () -> !isAlive(daemon));
    } else {
      checks.await(
          END,
          "the log of " + victim + " says why it stops",
          () -> victim.logged("withdraws: ", logFrom).size() == 1);
      String line = victim.logged("withdraws: ", logFrom).get(0);
      checks.demand(line.contains("unmount and mount again"), "unclear: %s", line);
    }
    return text;
  }

  private static boolean endedByAbort(String error) {
    return error.contains("not connected") || error.contains("connection abort");
  }

  /**
   * A reading that begins after another node's write returned gives what that wrote, or an error;
   * but for a moment when it wakes up. Only a mapping's pages stay until then.
   */
  private void judgeReaders(long value, long stopped, long recovered, long woken) {
    Checks.pause(1500);
    StringBuilder said = new StringBuilder();
    boolean inTime = true;
    for (OldDataWatch.Way way : OldDataWatch.Way.values()) {
      long last = watch.lastBegunBelow(way, value);
      said.append(String.format(" %s %.2f s", way, (last - stopped) / 1e9));
      boolean waking = last >= woken && last - woken < WAKING.toNanos();
      inTime &= way == OldDataWatch.Way.MAPPING || last <= recovered || waking;
    }
    String times =
        String.format(
            "after the stop its readers got old data by%s; others wrote after %.2f s; woken after"
                + " %.2f s",
            said, (recovered - stopped) / 1e9, (woken - stopped) / 1e9);
    System.out.println("  " + times);
    checks.demand(inTime, "%s", times);
    watch.end();
  }

  private void remount(Node victim, long daemon) {
    if (isAlive(daemon) && victim.isMounted()) {
      victim.unmount();
    } else {
      victim.clearDeadMount();
    }
    checks.await(END, "the daemon of " + victim + " ends", () -> !isAlive(daemon));
    victim.mount();
  }

  private void sameEverywhere(Node node, LoadRecord generation) throws IOException {
    String other = Stamps.firstOther(directory(node), generation);
    checks.demand(other.isEmpty(), "a late write landed, seen by %s: %s", node, other);
  }

  private void audit(Node node) throws IOException {
    String fault = loads.missingOn(node);
    checks.demand(fault.isEmpty(), "seen by %s: %s", node, fault);
  }

  /** Everybody unmounts, fsck judges, and what is on the disk is compared once more. */
  private void checkVolume(LoadRecord generation) throws IOException {
    for (EndlessLoad load : loads.all()) {
      if (load.isRunning()) {
        checks.demand(load.end(END), "the load of %s does not end", load.writer());
        loads.remember(load);
      }
    }
    cluster.unmountAndCheck();
    cluster.nodes().forEach(Node::mount);
    Node any = cluster.nodes().get(random.nextInt(NODES));
    sameEverywhere(any, generation);
    audit(any);
  }

  private static boolean isAlive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  /** Something that another node's death may delay, and no longer. */
  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  private void inTime(Step step, String what) {
    try {
      CompletableFuture.runAsync(
              () -> {
                try {
                  step.run();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              })
          .get(SETTLE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      checks.demand(false, "nobody %s within %s", what, SETTLE);
    } catch (ExecutionException e) {
      checks.demand(false, "who %s failed: %s", what, e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
