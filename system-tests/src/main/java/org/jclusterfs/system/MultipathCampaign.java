package org.jclusterfs.system;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Two nodes load one LUN of a real LIO by two portals. Again and again one portal falls silent, or
 * drops its connections, then the other: no request of either node takes longer than the
 * replacement timeout, no block holds an older number than the last acknowledged, each node's key
 * stays registered and comes back on the path that comes back.
 *
 * <p>One of the nodes holds the reservation, so that LIO takes its writes by one session only.
 */
final class MultipathCampaign {

  private static final int NODES = 2;
  private static final int REPLACEMENT_SECONDS = 5;
  private static final Duration SETTLE = Duration.ofSeconds(60);
  private static final List<String> PORTALS =
      List.of(Network.TARGET_ADDRESS, Network.SECOND_TARGET_ADDRESS);
  private static final Pattern SAID =
      Pattern.compile("acknowledged (\\d+) slowest (\\d+) paths (.*)");

  /** How a path fails. */
  enum Fault {
    /** Packets are dropped on their way in both directions. */
    DROPPED {
      @Override
      void begin(Network network, Target target, String portal) {
        for (int n = 0; n < NODES; n++) {
          network.drop(network.storageAddress(n), portal);
          network.drop(portal, network.storageAddress(n));
        }
      }

      @Override
      void end(Network network, Target target, String portal) {
        network.heal();
      }
    },
    /** What the target answers is lost, what it is sent arrives. */
    DEAF {
      @Override
      void begin(Network network, Target target, String portal) {
        for (int n = 0; n < NODES; n++) {
          network.drop(portal, network.storageAddress(n));
        }
      }

      @Override
      void end(Network network, Target target, String portal) {
        network.heal();
      }
    },
    /** Something on the way holds back what is sent, and delivers it in the end. */
    HELD {
      @Override
      void begin(Network network, Target target, String portal) {
        target.silence(portal);
      }

      @Override
      void end(Network network, Target target, String portal) {
        target.silence(portal);
      }
    },
    /** Connections are closed; new ones can be made at once. */
    CLOSED {
      @Override
      void begin(Network network, Target target, String portal) {
        target.cut(portal);
      }

      @Override
      void end(Network network, Target target, String portal) {}
    };

    abstract void begin(Network network, Target target, String portal);

    abstract void end(Network network, Target target, String portal);
  }

  /** One node's program, and what it said last. */
  private static final class Load {
    private WorkerProcess process;
    private long acknowledged;
    private long slowest;
    private String paths = "";
    private String fault = "";
    private final List<String> log = new ArrayList<>();

    synchronized void take(String line) {
      Matcher said = SAID.matcher(line);
      if (said.matches()) {
        acknowledged = Long.parseLong(said.group(1));
        slowest = Math.max(slowest, Long.parseLong(said.group(2)));
        paths = said.group(3);
      } else if (line.startsWith("FAULT")) {
        fault = line;
      } else {
        log.add(line);
      }
    }

    synchronized long acknowledged() {
      return acknowledged;
    }

    /** The slowest request since this was asked last, in milliseconds. */
    synchronized long slowest() {
      long before = slowest;
      slowest = 0;
      return before;
    }

    /** Whether the path by a portal is up. */
    synchronized boolean isUp(String portal) {
      for (String path : paths.split("; ")) {
        if (path.startsWith(portal + ":")) {
          return path.endsWith(" up");
        }
      }
      return false;
    }

    synchronized String fault() {
      return fault;
    }

    synchronized String lastWords() {
      return String.join("\n", log.subList(Math.max(0, log.size() - 60), log.size()));
    }
  }

  private final long seed;
  private final Duration longest;
  private final List<Fault> faults;
  private final Random random;
  private final List<Load> loads = new ArrayList<>();
  private final Checks checks;
  private String what = "";
  private int rounds;

  /** A campaign that has not begun, which makes all faults in turn. */
  MultipathCampaign(long seed) {
    this(seed, List.of(Fault.values()), Duration.ofSeconds(REPLACEMENT_SECONDS));
  }

  /** The same with these faults in turn, and with requests that may take so long. */
  MultipathCampaign(long seed, List<Fault> faults, Duration longest) {
    this.seed = seed;
    this.faults = faults;
    this.longest = longest;
    this.random = new Random(seed);
    checks = new Checks(() -> String.format("round %d (%s), seed %d", rounds, what, seed));
  }

  /**
   * Runs rounds until there were so many or the time is over, whichever is first.
   *
   * @return paths lost and come back
   * @throws IllegalStateException at the first thing that is not as it has to be
   */
  int run(int most, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    System.out.printf("multipath: two nodes, two portals of LIO, seed %d%n", seed);
    try (Network network = new Network(NODES);
        Target target = Target.startTwoPortals("256M", network)) {
      try {
        for (int n = 0; n < NODES; n++) {
          start(n, network, target);
        }
        while (rounds < most && System.nanoTime() < end) {
          String portal = PORTALS.get(rounds % PORTALS.size());
          round(faults.get(rounds / PORTALS.size() % faults.size()), portal, network, target);
        }
      } finally {
        loads.forEach(load -> load.process.end(Duration.ofSeconds(5)));
        network.heal();
      }
    }
    System.out.printf(
        "%d paths lost and come back; %d writes acknowledged%n",
        rounds, loads.stream().mapToLong(Load::acknowledged).sum());
    return rounds;
  }

  private void start(int node, Network network, Target target) {
    List<String> command = new ArrayList<>(network.onNode(node));
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(MultipathLoad.class.getName(), target.device()));
    command.addAll(List.of(target.initiator(node), "" + node));
    command.addAll(List.of("" + REPLACEMENT_SECONDS, "" + (seed + node)));
    Load load = new Load();
    load.process = WorkerProcess.start(command, "load-" + node, load::take);
    loads.add(load);
    // One after the other, so that the first holds the reservation.
    checks.await(SETTLE, "node " + node + " writes", () -> isFine(load) && load.acknowledged() > 0);
  }

  private boolean isFine(Load load) {
    checks.demand(load.fault().isEmpty(), "%s%n%s", load.fault(), load.lastWords());
    checks.demand(load.process.isRunning(), "a load ended: %s", load.lastWords());
    return true;
  }

  private void round(Fault fault, String portal, Network network, Target target) {
    rounds++;
    what = fault + " of portal " + portal;
    goOn(20);
    Checks.pause(random.nextInt(1000));
    loads.forEach(Load::slowest);
    final long lostAt = System.nanoTime();
    fault.begin(network, target, portal);
    if (fault != Fault.CLOSED) {
      checks.await(
          SETTLE,
          "the path is noticed to be lost",
          () -> loads.stream().allMatch(load -> isFine(load) && !load.isUp(portal)));
    }
    goOn(20);
    final long goesOn = System.nanoTime() - lostAt;
    Checks.pause(1000 + random.nextInt(4000));
    fault.end(network, target, portal);
    final long endedAt = System.nanoTime();
    checks.await(
        SETTLE,
        "the path is back",
        () ->
            loads.stream().allMatch(load -> isFine(load) && PORTALS.stream().allMatch(load::isUp)));
    final long failback = System.nanoTime() - endedAt;
    goOn(20);
    List<Long> slowest = loads.stream().map(Load::slowest).toList();
    System.out.printf(
        "round %d, %s: all went on after %.1f s, the slowest request of each node took %s ms, the"
            + " path was back after %.1f s%n",
        rounds, what, goesOn / 1e9, slowest, failback / 1e9);
    slowest.forEach(
        each ->
            checks.demand(
                each <= longest.toMillis(),
                "a request took %d ms%n%s",
                each,
                loads.get(slowest.indexOf(each)).lastWords()));
  }

  /** Waits until each node has written so much more by every thread, as far as that can be seen. */
  private void goOn(long writes) {
    List<Long> goals = loads.stream().map(load -> load.acknowledged() + writes).toList();
    checks.await(
        SETTLE,
        "all go on",
        () -> {
          for (int n = 0; n < loads.size(); n++) {
            if (!isFine(loads.get(n)) || loads.get(n).acknowledged() < goals.get(n)) {
              return false;
            }
          }
          return true;
        });
  }
}
