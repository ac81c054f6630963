package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Random;

/**
 * Two nodes under load on a target with a volatile write cache, whose power is cut at a random
 * moment, again and again. What the target had acknowledged and not yet flushed is gone then. Each
 * time every record whose fsync had returned has to be there after the next mount, on both nodes,
 * and fsck has to find nothing.
 *
 * <p>Two kinds of cut take turns at random: in one the nodes lose their power with the target; in
 * the other they live on and meet the target again, which has forgotten some of their writes and
 * all of their registrations. Then they must not go on as if nothing had been.
 */
final class PowerCampaign {

  private static final int NODES = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final long seed;
  private final String options;
  private final Random random;
  private final Loads loads = new Loads();
  private final Checks checks;
  private Cluster cluster;
  private Target target;
  private CacheProbe probe;
  private int cuts;
  private int lost;

  /**
   * A campaign that has not begun.
   *
   * @param seed of what is random about it
   * @param options mount options for every node, or empty
   */
  PowerCampaign(long seed, String options) {
    this.seed = seed;
    this.options = options;
    this.random = new Random(seed);
    checks = new Checks(() -> String.format("cut %d, seed %d", cuts, seed));
  }

  /**
   * Runs rounds until there were so many or the time is over, whichever is first.
   *
   * @return power cuts survived
   * @throws IllegalStateException at the first thing that is not as it has to be
   */
  int run(int rounds, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    System.out.printf("power: two nodes on LIO with a volatile cache, seed %d%n", seed);
    try (Target started = Target.startVolatile("4G")) {
      target = started;
      probe = new CacheProbe(target.probeDevice(), target.initiator(2));
      try (Cluster formatted = Cluster.format(target, NODES + 1, options)) {
        cluster = formatted;
        for (int n = 0; n < NODES; n++) {
          cluster.mount();
        }
        Files.createDirectory(cluster.nodes().get(0).path(Loads.DIRECTORY));
        while (cuts < rounds && System.nanoTime() < end) {
          round();
        }
      } finally {
        loads.kill();
      }
    } catch (IOException e) {
      throw new IllegalStateException("after " + cuts + " cuts, seed " + seed + ": " + e, e);
    }
    System.out.printf(
        "%d power cuts; %d of %d acknowledged writes that were not flushed were lost;"
            + " %d acknowledged records were looked for and found%n",
        cuts, lost, (long) cuts * CacheProbe.WRITES, loads.checked());
    return cuts;
  }

  private void round() throws IOException {
    cluster.nodes().forEach(loads::start);
    long first = acknowledgements();
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (loads.all().stream().anyMatch(load -> load.acknowledgements() < 20)) {
      for (EndlessLoad load : loads.all()) {
        checks.demand(load.isRunning(), "the load of %s ended: %s", load.writer(), load.error());
      }
      checks.demand(System.nanoTime() < until, "the loads do not get on within %s", PATIENCE);
      Checks.pause(20);
    }
    Checks.pause(random.nextInt(3000));
    boolean nodesToo = random.nextBoolean();
    probe.write(random.nextInt());
    cuts++;
    target.cutPower();
    if (nodesToo) {
      cluster.nodes().forEach(Node::kill);
    }
    long records = acknowledgements() - first;
    target.startAgain();
    int gone = checkProbe();
    for (EndlessLoad load : loads.all()) {
      checks.demand(
          load.awaitEnd(PATIENCE),
          "%s goes on although the target lost what it had acknowledged",
          load.writer());
      loads.remember(load);
    }
    for (Node node : cluster.nodes()) {
      if (!nodesToo) {
        node.kill(); // it answers EIO and is of no use any more
      }
      node.clearDeadMount();
    }
    for (Node node : cluster.nodes()) {
      node.mount();
      String fault = loads.missingOn(node);
      checks.demand(fault.isEmpty(), "seen by %s: %s", node, fault);
    }
    System.out.printf(
        "cut %d: of the target%s; %d acknowledgements before it; unflushed writes lost: %d of %d;"
            + " records found so far: %d%n",
        cuts, nodesToo ? " and the nodes" : "", records, gone, CacheProbe.WRITES, loads.checked());
    cluster.unmountAndCheck();
    cluster.nodes().forEach(Node::mount);
  }

  private int checkProbe() throws IOException {
    int flushed = probe.lostFlushed();
    checks.demand(flushed == 0, "%d flushed writes are lost: the target is no good", flushed);
    int gone = probe.lostUnflushed();
    checks.demand(gone > 0, "no write was lost: that was no power cut");
    lost += gone;
    return gone;
  }

  private long acknowledgements() {
    return loads.all().stream().mapToLong(EndlessLoad::acknowledgements).sum();
  }
}
