package org.jclusterfs.fsck;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Crash enumeration for as long as one likes: every sequence of one operation, every one of two,
 * and in between longer random ones, runs on a full volume and runs of two nodes.
 */
public final class CrashCampaign {
  private static final int LONGEST_RANDOM = 12;

  /** Of so many turns one is each of the random kinds. */
  private static final int TURN = 40;

  private static final int HANDOVER_STATES = 600;

  private final PrintStream out = System.out;
  private final List<CrashSequence> all = CrashSequence.enumerate();
  private final AtomicInteger turns = new AtomicInteger();
  private final AtomicInteger next = new AtomicInteger();
  private final CrashExplorer total = new CrashExplorer();
  private final long seed;
  private final long end;
  private int passed;
  private int failed;
  private int otherRuns;
  private long handoverStates;

  private CrashCampaign(long seed, double minutes) {
    this.seed = seed;
    this.end = System.nanoTime() + (long) (minutes * TimeUnit.MINUTES.toNanos(1));
  }

  /**
   * Entry point.
   *
   * @param args {@code --minutes M} (default 1), {@code --seed S}, {@code --sequence TEXT} for one
   *     sequence alone, {@code --run KIND} with KIND one of {@code volume}, {@code full}, {@code
   *     cluster}, {@code handover} for one such run alone
   */
  public static void main(String[] args) throws Exception {
    double minutes = 1;
    long seed = new Random().nextInt(1_000_000_000);
    String sequence = null;
    String run = null;
    try {
      for (int i = 0; i < args.length; i += 2) {
        switch (args[i]) {
          case "--minutes" -> minutes = Double.parseDouble(args[i + 1]);
          case "--seed" -> seed = Long.parseLong(args[i + 1]);
          case "--sequence" -> sequence = args[i + 1];
          case "--run" -> run = args[i + 1];
          default -> throw new IllegalArgumentException("no option " + args[i]);
        }
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      System.err.println("crash: " + e.getMessage());
      System.exit(2);
    }
    CrashCampaign campaign = new CrashCampaign(seed, minutes);
    if (sequence != null) {
      campaign.explore(CrashSequence.parse(sequence), seed, true);
    } else if (run != null) {
      campaign.attempt(run, seed);
    } else {
      campaign.run();
    }
    campaign.report();
    System.exit(campaign.failed == 0 ? 0 : 1);
  }

  private void run() throws InterruptedException {
    int threads = Runtime.getRuntime().availableProcessors();
    out.printf("crash: seed %d, %d threads, %d sequences%n", seed, threads, all.size());
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread worker = new Thread(this::work, "crash-" + i);
      worker.start();
      workers.add(worker);
    }
    for (Thread worker : workers) {
      worker.join();
    }
  }

  private void work() {
    while (System.nanoTime() < end) {
      int turn = turns.getAndIncrement();
      long own = seed + turn;
      switch (turn % TURN) {
        case TURN - 1 -> attempt("cluster", own);
        case TURN - 2 -> attempt("full", own);
        case TURN - 3 -> attempt("volume", own);
        case TURN - 4 -> attempt("handover", own);
        case TURN - 5 -> {
          Random random = new Random(own);
          int length = 3 + random.nextInt(LONGEST_RANDOM - 2);
          explore(CrashSequence.random(random, length), own, true);
        }
        default -> {
          CrashSequence sequence = nextSequence();
          if (sequence != null) {
            explore(sequence, own, false);
          }
        }
      }
    }
  }

  private CrashSequence nextSequence() {
    while (true) {
      int index = next.getAndIncrement();
      if (index >= all.size()) {
        return null;
      }
      if (all.get(index).makesSense()) {
        return all.get(index);
      }
    }
  }

  private void explore(CrashSequence sequence, long own, boolean whole) {
    CrashExplorer explorer = new CrashExplorer();
    Throwable failure = null;
    try {
      explorer.explore(sequence, own, whole);
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
        default -> throw new IllegalArgumentException("no run is called " + kind);
      }
    } catch (Exception | AssertionError e) {
      failure = e;
    }
    synchronized (this) {
      otherRuns++;
    }
    count(new CrashExplorer(), failure, "--seed " + own + " --run " + kind);
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

  private synchronized void report() {
    out.println(
        "visited: "
            + total
            + "; "
            + otherRuns
            + " random runs, "
            + handoverStates
            + " states of nodes in turn");
    out.printf("reached sequence %d of %d%n", Math.min(next.get(), all.size()), all.size());
    out.println(passed + " passed, " + failed + " failed");
  }
}
