package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Three nodes under load, each in a network namespace, with one link to the LUN and one to each
 * other. Again and again some of these paths are silent for a while. Each time exactly one side has
 * to go on, the others have to stop by themselves with EIO, every record whose fsync had returned
 * has to be intact, the stopped ones can be mounted again, and fsck has to find nothing.
 */
final class PartitionCampaign {

  private static final int NODES = 3;
  private static final Duration SETTLE = Duration.ofSeconds(90);

  /** What falls silent, and who has to stop then; a node's number is its slot. */
  enum Cut {
    /** One node and the two others do not hear each other: the larger side goes on. */
    ONE_APART {
      @Override
      Set<Integer> apply(Network network, int node) {
        for (int other : others(node)) {
          peers(network, node, other);
          peers(network, other, node);
        }
        return Set.of(node);
      }
    },
    /** Nobody hears anybody: of sides of equal size that with the lowest slot goes on. */
    ALL_APART {
      @Override
      Set<Integer> apply(Network network, int node) {
        for (int from = 0; from < NODES; from++) {
          for (int to : others(from)) {
            peers(network, from, to);
          }
        }
        return Set.of(1, 2);
      }
    },
    /** One node is not heard by the others, and hears them. */
    ONE_MUTE {
      @Override
      Set<Integer> apply(Network network, int node) {
        others(node).forEach(other -> peers(network, node, other));
        return Set.of(node);
      }
    },
    /** One node does not hear one of the others: of two that miss one each the higher slot goes. */
    ONE_DEAF {
      @Override
      Set<Integer> apply(Network network, int node) {
        int other = others(node).get(0);
        peers(network, other, node);
        return Set.of(Math.max(node, other));
      }
    },
    /** One node sees the others but not the LUN. */
    NO_LUN {
      @Override
      Set<Integer> apply(Network network, int node) {
        network.drop(network.storageAddress(node), Network.TARGET_ADDRESS);
        network.drop(Network.TARGET_ADDRESS, network.storageAddress(node));
        return Set.of(node);
      }
    },
    /** What one node sends to the LUN is lost. */
    MUTE_TO_LUN {
      @Override
      Set<Integer> apply(Network network, int node) {
        network.drop(network.storageAddress(node), Network.TARGET_ADDRESS);
        return Set.of(node);
      }
    },
    /** What the LUN answers to one node is lost. */
    DEAF_TO_LUN {
      @Override
      Set<Integer> apply(Network network, int node) {
        network.drop(Network.TARGET_ADDRESS, network.storageAddress(node));
        return Set.of(node);
      }
    };

    /**
     * Makes it so.
     *
     * @param node whom it is about, where it is about one
     * @return the nodes that have to stop
     */
    abstract Set<Integer> apply(Network network, int node);

    private static void peers(Network network, int from, int to) {
      network.drop(network.address(from), network.address(to));
    }

    private static List<Integer> others(int node) {
      List<Integer> others = new ArrayList<>();
      for (int n = 0; n < NODES; n++) {
        if (n != node) {
          others.add(n);
        }
      }
      return others;
    }
  }

  private final Target.Kind kind;
  private final long seed;
  private final String options;
  private final List<Cut> cuts;
  private final Random random;
  private final Loads loads = new Loads();
  private final Checks checks;
  private Cluster cluster;
  private Network network;
  private String what = "";
  private int rounds;

  /**
   * A campaign that has not begun, which makes all cuts in turn.
   *
   * @param seed of what is random about it
   * @param options mount options for every node, or empty for a threshold of 3 s
   */
  PartitionCampaign(Target.Kind kind, long seed, String options) {
    this(kind, seed, options, List.of(Cut.values()));
  }

  /** The same with these cuts in turn. */
  PartitionCampaign(Target.Kind kind, long seed, String options, List<Cut> cuts) {
    if (kind == Target.Kind.FILE) {
      throw new IllegalArgumentException("a file is not reached by a network: tgtd or lio");
    }
    this.kind = kind;
    this.seed = seed;
    this.options = options.isEmpty() ? "threshold=3" : options;
    this.cuts = cuts;
    this.random = new Random(seed);
    checks =
        new Checks(
            () -> String.format("round %d (%s), seed %d, device %s", rounds, what, seed, kind));
  }

  /**
   * Runs rounds until there were so many or the time is over, whichever is first.
   *
   * @return partitions survived
   * @throws IllegalStateException at the first thing that is not as it has to be
   */
  int run(int most, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    System.out.printf("partition: three nodes on %s, seed %d, options %s%n", kind, seed, options);
    try (Network made = new Network(NODES);
        Target target = Target.start(kind, "4G", made)) {
      network = made;
      try (Cluster formatted = Cluster.format(target, NODES + 1, options)) {
        cluster = formatted;
        for (int n = 0; n < NODES; n++) {
          cluster.node("slot=" + n).mount();
        }
        Files.createDirectory(cluster.nodes().get(0).path(Loads.DIRECTORY));
        while (rounds < most && System.nanoTime() < end) {
          round(cuts.get(rounds % cuts.size()));
        }
      } finally {
        loads.kill();
        network.heal();
      }
    } catch (IOException e) {
      throw new IllegalStateException("round " + rounds + ", seed " + seed + ": " + e, e);
    }
    System.out.printf(
        "%d partitions; %d acknowledged records were looked for and found%n",
        rounds, loads.checked());
    return rounds;
  }

  private void round(Cut cut) throws IOException {
    rounds++;
    int about = random.nextInt(NODES);
    what = cut + " of node " + about;
    cluster.nodes().forEach(loads::start);
    checks.await(
        SETTLE,
        "every load runs",
        () -> loads.all().stream().allMatch(load -> checks.hasDone(load, 20)));
    Checks.pause(random.nextInt(1500));
    List<Long> logs = cluster.nodes().stream().map(Node::logSize).toList();
    List<Long> daemons = cluster.nodes().stream().map(Node::daemon).toList();

    final long cutAt = System.nanoTime();
    Set<Integer> losers = cut.apply(network, about);
    long stopped = 0;
    for (int loser : losers) {
      EndlessLoad load = loads.of(loser);
      checks.demand(load.awaitEnd(SETTLE), "node %d goes on, or hangs", loser);
      stopped = System.nanoTime() - cutAt;
      loads.remember(load);
      checks.demand(
          load.error().contains("Input/output error"),
          "a process on node %d got: %s",
          loser,
          load.error());
      Node node = cluster.nodes().get(loser);
      checks.await(
          SETTLE,
          "the log of " + node + " says why it stops",
          () -> node.logged("withdraws: ", logs.get(loser)).size() == 1);
    }
    // Exactly one side: whoever is left goes on with every kind of work, while nothing is healed.
    for (Node node : cluster.nodes()) {
      if (!losers.contains(node.number())) {
        EndlessLoad load = loads.of(node.number());
        long goal = load.acknowledgements() + 20;
        checks.await(SETTLE, node + " goes on", () -> checks.hasDone(load, goal));
      }
    }
    long goesOn = System.nanoTime() - cutAt;
    // What a stopped node had on its way arrives now, if it ever does.
    network.heal();
    for (int loser : losers) {
      Node node = cluster.nodes().get(loser);
      node.unmount();
      checks.await(SETTLE, "the daemon of " + node + " ends", () -> isOver(daemons.get(loser)));
      node.mount();
      audit(node);
    }
    List<String> reasons = new ArrayList<>();
    for (int loser : losers) {
      String line = cluster.nodes().get(loser).logged("withdraws: ", logs.get(loser)).get(0);
      reasons.add("node " + loser + ": " + line.replaceAll(".*withdraws: |; operations.*", ""));
    }
    System.out.printf(
        "partition %d, %s: %s; stopped after %.1f s, the others had gone on after %.1f s%n",
        rounds, what, String.join("; ", reasons), stopped / 1e9, goesOn / 1e9);
    for (EndlessLoad load : loads.all()) {
      int node = loads.all().indexOf(load);
      checks.demand(
          load.isRunning() || losers.contains(node),
          "node %d had gone on, and stopped then: %s",
          node,
          load.error());
    }
    checkVolume();
  }

  private void checkVolume() throws IOException {
    for (EndlessLoad load : loads.all()) {
      if (load.isRunning()) {
        checks.demand(load.end(SETTLE), "the load of %s does not end", load.writer());
        loads.remember(load);
      }
    }
    cluster.nodes().forEach(node -> checks.demand(node.isMounted(), "%s is gone", node));
    cluster.unmountAndCheck();
    cluster.nodes().forEach(Node::mount);
    audit(cluster.nodes().get(random.nextInt(NODES)));
  }

  private void audit(Node node) throws IOException {
    String fault = loads.missingOn(node);
    checks.demand(fault.isEmpty(), "seen by %s: %s", node, fault);
  }

  private static boolean isOver(long pid) {
    return ProcessHandle.of(pid).map(process -> !process.isAlive()).orElse(true);
  }
}
