package org.jclusterfs.iscsi.session;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/** Gives the initiator what broken and hostile targets send, for as long as one likes. */
public final class FuzzCampaign {
  private static final int CHUNK = 1000;
  private static final int SHOWN = 10;

  private final PrintStream out;
  private final long seed;
  private final long inputs;
  private final long end;
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong passed = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final List<FuzzRun> runs = new ArrayList<>();

  private FuzzCampaign(PrintStream out, long seed, long inputs, double minutes) {
    this.out = out;
    this.seed = seed;
    this.inputs = inputs;
    this.end = System.nanoTime() + (long) (minutes * 60e9);
  }

  /**
   * Entry point.
   *
   * @param args {@code --minutes M} (default 1, or as long as it takes where inputs are given),
   *     {@code --seed S} of the first input, {@code --inputs N}, {@code --threads T} (default 1)
   */
  public static void main(String[] args) throws InterruptedException {
    double minutes = 0;
    long seed = new Random().nextInt(1_000_000_000);
    long inputs = Long.MAX_VALUE;
    int threads = 1;
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " lacks its value");
      }
      switch (args[i]) {
        case "--minutes" -> minutes = Double.parseDouble(args[i + 1]);
        case "--seed" -> seed = Long.parseLong(args[i + 1]);
        case "--inputs" -> inputs = Long.parseLong(args[i + 1]);
        case "--threads" -> threads = Integer.parseInt(args[i + 1]);
        default -> throw new IllegalArgumentException("unknown option " + args[i]);
      }
    }
    if (minutes == 0) {
      minutes = inputs == Long.MAX_VALUE ? 1 : 1e6;
    }
    FuzzCampaign campaign = new FuzzCampaign(System.out, seed, inputs, minutes);
    System.exit(campaign.run(threads) ? 0 : 1);
  }

  /** Runs so many inputs from a seed on; whether all passed. */
  static boolean run(PrintStream out, long seed, long inputs) throws InterruptedException {
    return new FuzzCampaign(out, seed, inputs, 1e6).run(1);
  }

  private boolean run(int threads) throws InterruptedException {
    out.println(
        "iscsi-fuzz: changed logins, sessions, text and answers of units, from seed " + seed);
    long begin = System.nanoTime();
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      FuzzRun run = new FuzzRun();
      runs.add(run);
      workers.add(new Thread(() -> work(run), "fuzz-" + i));
    }
    workers.forEach(Thread::start);
    for (Thread each : workers) {
      each.join();
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    FuzzRun.sum(runs).forEach((what, count) -> out.println("  " + count + " " + what));
    long most = runs.stream().mapToLong(FuzzRun::mostAllocated).max().orElse(0);
    out.println("  at most " + most + " bytes allocated for an input");
    out.printf(
        "  %d inputs in %.1f s on %d threads, %.0f/s%n",
        passed.get() + failed.get(), seconds, threads, (passed.get() + failed.get()) / seconds);
    out.println(passed + " passed, " + failed + " failed");
    return failed.get() == 0 && passed.get() > 0;
  }

  private void work(FuzzRun run) {
    while (System.nanoTime() < end) {
      long first = next.getAndAdd(CHUNK);
      if (first >= inputs) {
        return;
      }
      for (long n = first; n < Math.min(inputs, first + CHUNK); n++) {
        try {
          run.run(seed + n);
          passed.incrementAndGet();
        } catch (AssertionError e) {
          if (failed.incrementAndGet() <= SHOWN) {
            synchronized (out) {
              e.printStackTrace(out);
              out.println("again: bin/campaign iscsi-fuzz --inputs 1 --seed " + (seed + n));
            }
          }
        }
      }
    }
  }
}
