package org.jclusterfs.fsck;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Crash enumeration for as long as one likes: every sequence of one operation and every one of two,
 * and beside it longer random ones, runs on a full volume and runs of several nodes.
 */
public final class CrashCampaign {
  private static final int LONGEST_RANDOM = 12;

  /** Of the time, so much goes to the random kinds while there is something left to enumerate. */
  private static final double RANDOM_SHARE = 0.2;

  private static final String[] RANDOM_KINDS = {
    "sequence",
    "deaths",
    "device",
    "handover",
    "sequence",
    "device",
    "volume",
    "device",
    "sequence",
    "full",
    "device",
    "handover",
    "sequence",
    "cluster",
    "device"
  };

  private static final int HANDOVER_STATES = 600;

  /** Deaths that are made side by side, since they wait most of their time. */
  private static final int DEATHS_SIDE_BY_SIDE = 12;

  private static final int POWER_CUTS_OF_A_DEATH = 20;

  private static final long REPORT_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final PrintStream out = System.out;
  private final CrashCampaignOptions options;
  private final List<CrashEnumeration.Family> families = new ArrayList<>();
  private final BitSet done = new BitSet();
  private final RecoveredVolumes recovered = new RecoveredVolumes();
  private final CrashExplorer total = new CrashExplorer(recovered);
  private final long begin = System.nanoTime();
  private final long end;
  private long reported = begin;
  private long randomNanos;
  private int randomTurns;
  private int next;
  private int passed;
  private int failed;
  private int otherRuns;
  private long handoverStates;
  private long deaths;
  private long deathStates;
  private long unclearDeaths;
  private long deviceFaults;

  private CrashCampaign(CrashCampaignOptions options) {
    this.options = options;
    this.end = begin + (long) (options.minutes() * TimeUnit.MINUTES.toNanos(1));
  }

  /**
   * Entry point.
   *
   * @param args see {@link CrashCampaignOptions}
   */
  public static void main(String[] args) throws Exception {
    CrashCampaignOptions options = null;
    try {
      options = CrashCampaignOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("crash: " + e.getMessage());
      System.exit(2);
    }
    CrashCampaign campaign = new CrashCampaign(options);
    if (options.sequence() != null) {
      campaign.explore(CrashSequence.parse(options.sequence()), options.seed(), new HashSet<>());
    } else if (options.run() != null) {
      campaign.attempt(options.run(), options.seed());
    } else {
      campaign.run();
    }
    campaign.report();
    if (campaign.passed + campaign.failed == 0) {
      System.err.println("crash: nothing was run: --from lies behind the last sequence");
      System.exit(2);
    }
    System.exit(campaign.failed == 0 ? 0 : 1);
  }

  private void run() throws InterruptedException {
    CrashEnumeration enumeration = new CrashEnumeration();
    List<CrashEnumeration.Family> all = enumeration.families();
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).end() > options.from() && i % options.shares() == options.share() - 1) {
        families.add(all.get(i));
      }
    }
    out.printf(
        "crash: seed %d, %d threads, %d of %d sequences%n",
        options.seed(), options.threads(), mine(), enumeration.size());
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < options.threads(); i++) {
      Thread worker = new Thread(this::work, "crash-" + i);
      worker.start();
      workers.add(worker);
    }
    for (Thread worker : workers) {
      worker.join();
    }
  }

  private int mine() {
    return families.stream().mapToInt(family -> family.sequences().size()).sum();
  }

  private void work() {
    while (System.nanoTime() < end) {
      int random = -1;
      int index = -1;
      synchronized (this) {
        double spent = options.threads() * (double) (System.nanoTime() - begin);
        boolean enumerated = next >= families.size();
        if (!options.enumerateOnly() && (enumerated || randomNanos < RANDOM_SHARE * spent)) {
          random = randomTurns++;
        } else if (enumerated) {
          return;
        } else {
          index = next++;
        }
      }
      if (random >= 0) {
        long started = System.nanoTime();
        randomTurn(random);
        synchronized (this) {
          randomNanos += System.nanoTime() - started;
        }
      } else {
        explore(families.get(index));
        synchronized (this) {
          done.set(index);
          progress();
        }
      }
    }
  }

  private void randomTurn(int turn) {
    long own = options.seed() + turn;
    String kind = RANDOM_KINDS[turn % RANDOM_KINDS.length];
    if (!kind.equals("sequence")) {
      attempt(kind, own);
      return;
    }
    Random random = new Random(own);
    int length = 3 + random.nextInt(LONGEST_RANDOM - 2);
    explore(CrashSequence.random(random, length), own, new HashSet<>());
  }

  private void explore(CrashEnumeration.Family family) {
    Set<Long> recordings = new HashSet<>();
    long own = options.seed() + family.first();
    for (CrashSequence sequence : family.sequences()) {
      explore(sequence, own++, recordings);
    }
  }

  /** Of two operations the first alone is a sequence, too, and has the cuts up to its end. */
  private void explore(CrashSequence sequence, long own, Set<Long> recordings) {
    boolean whole = sequence.steps().size() != 2;
    CrashExplorer explorer = new CrashExplorer(recovered);
    Throwable failure = null;
    try {
      explorer.explore(sequence, own, whole, recordings);
    } catch (Exception | AssertionError e) {
      failure = e;
    }
    count(explorer, failure, "--seed " + own + " --sequence " + sequence);
  }

  private void attempt(String kind, long own) {
    Throwable failure = null;
    try {
      switch (kind) {
        case "volume" -> new CrashRun(own).run();
        case "full" -> new FullVolumeRun(own).run();
        case "cluster" -> new ClusterCrashRun(own).run();
        case "handover" -> {
          HandoverRun run = new HandoverRun(own);
          try {
            run.run(HANDOVER_STATES);
          } finally {
            synchronized (this) {
              handoverStates += run.states();
            }
          }
        }
        case "deaths" -> deaths(own);
        case "device" -> {
          DeviceFaultRun run = new DeviceFaultRun(own);
          run.run();
          synchronized (this) {
            deviceFaults += run.struck() ? 1 : 0;
          }
        }
        default -> throw new IllegalArgumentException("no run is called " + kind);
      }
    } catch (Exception | AssertionError e) {
      failure = e;
    }
    synchronized (this) {
      otherRuns++;
    }
    count(new CrashExplorer(recovered), failure, "--seed " + own + " --run " + kind);
  }

  private void deaths(long own) throws Exception {
    DeathEnumeration all = new DeathEnumeration(own, DEATHS_SIDE_BY_SIDE, POWER_CUTS_OF_A_DEATH);
    try {
      all.run(Integer.MAX_VALUE);
    } finally {
      synchronized (this) {
        deaths += all.runs();
        deathStates += all.states();
        unclearDeaths += all.unclear();
      }
    }
  }

  private synchronized void count(CrashExplorer explorer, Throwable failure, String replay) {
    total.add(explorer);
    if (failure == null) {
      passed++;
      return;
    }
    failed++;
    out.println("FAILED: " + failure);
    out.println("again: bin/campaign crash " + replay);
  }

  /** Says how far it is, once a minute. */
  private void progress() {
    long now = System.nanoTime();
    if (now - reported > REPORT_NANOS) {
      reported = now;
      out.printf("%d min: %s%n", TimeUnit.NANOSECONDS.toMinutes(now - begin), reached());
    }
  }

  private String reached() {
    int sequences = done.stream().map(index -> families.get(index).sequences().size()).sum();
    int undone = done.nextClearBit(0);
    return "sequences done "
        + sequences
        + " of "
        + mine()
        + (undone < families.size()
            ? ", go on with --from " + families.get(undone).first()
            : ", all of them");
  }

  private synchronized void report() {
    out.println(
        "visited: "
            + total
            + "; "
            + otherRuns
            + " random runs, "
            + handoverStates
            + " states of nodes in turn, "
            + deaths
            + " deaths of single nodes with "
            + deathStates
            + " states ("
            + unclearDeaths
            + " given up: too slow a machine), "
            + deviceFaults
            + " device faults");
    if (options.sequence() == null && options.run() == null) {
      out.println(reached());
    }
    out.println(passed + " passed, " + failed + " failed");
  }
}
