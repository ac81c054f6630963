package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jclusterfs.journal.Fault;

/**
 * One seed's run of several nodes, made again with one of them cut off at each of its writes, and,
 * for a few of these, with the node that recovers it cut off at each of its own. A run waits for
 * heartbeats most of its time, so that many are made side by side.
 */
final class DeathEnumeration {
  /** Deaths whose recoverer dies too. */
  private static final int SECOND_DEATHS = 3;

  /** Writes of a recoverer: fence, replay, freeing of the slot, and the first operations after. */
  private static final int RECOVERY_WRITES = 16;

  private static final int ATTEMPTS = 4;

  private final long seed;
  private final int side;
  private final int powerCuts;
  private final Fault[] faults;
  private int runs;
  private int unclear;
  private long states;
  private long landed;

  /**
   * An enumeration.
   *
   * @param side runs made side by side
   * @param powerCuts states of a power cut that are recovered of each run
   */
  DeathEnumeration(long seed, int side, int powerCuts, Fault... faults) {
    this.seed = seed;
    this.side = side;
    this.powerCuts = powerCuts;
    this.faults = faults;
  }

  /** Runs with a death that were judged. */
  synchronized int runs() {
    return runs;
  }

  /** States recovered and compared. */
  synchronized long states() {
    return states;
  }

  /** Runs that this machine was too slow for, again and again. */
  synchronized int unclear() {
    return unclear;
  }

  /** Writes that landed after their node was cut off. */
  synchronized long landedLate() {
    return landed;
  }

  /**
   * Makes the runs.
   *
   * @param most at most so many of each kind, spread over all
   * @throws AssertionError with every failure
   */
  void run(int most) throws Exception {
    DeathRun whole = attempt(new DeathRun.Plan(seed, 0, 0, 0));
    int writes = (int) Math.max(1, whole.victimWrites());
    List<DeathRun.Plan> first = new ArrayList<>();
    List<DeathRun.Plan> second = new ArrayList<>();
    for (int write = 1; write <= writes; write++) {
      first.add(new DeathRun.Plan(seed, write, 0, powerCuts));
    }
    Random random = new Random(seed);
    for (int i = 0; i < SECOND_DEATHS; i++) {
      int write = 1 + random.nextInt(writes);
      for (int next = 1; next <= RECOVERY_WRITES; next++) {
        second.add(new DeathRun.Plan(seed, write, next, powerCuts));
      }
    }
    List<DeathRun.Plan> plans = spread(first, most);
    plans.addAll(spread(second, most));
    all(plans);
  }

  private static List<DeathRun.Plan> spread(List<DeathRun.Plan> all, int most) {
    List<DeathRun.Plan> some = new ArrayList<>();
    int count = Math.min(most, all.size());
    for (int i = 0; i < count; i++) {
      some.add(all.get((int) ((long) i * all.size() / count)));
    }
    return some;
  }

  private void all(List<DeathRun.Plan> plans) throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(side);
    List<Future<DeathRun>> runs = new ArrayList<>();
    plans.forEach(plan -> runs.add(threads.submit(() -> attempt(plan))));
    threads.shutdown();
    StringBuilder failures = new StringBuilder();
    for (Future<DeathRun> run : runs) {
      try {
        run.get();
      } catch (ExecutionException e) {
        failures.append(e.getCause()).append('\n');
      }
    }
    if (failures.length() > 0) {
      throw new AssertionError(failures.toString());
    }
  }

  private DeathRun attempt(DeathRun.Plan plan) throws Exception {
    DeathRun run = null;
    for (int i = 0; i < ATTEMPTS; i++) {
      run = new DeathRun(plan, faults);
      try {
        run.run();
      } finally {
        synchronized (this) {
          states += run.states();
          landed += run.landedLate();
        }
      }
      if (!run.isInconclusive()) {
        synchronized (this) {
          runs++;
        }
        return run;
      }
    }
    synchronized (this) {
      unclear++;
    }
    return run;
  }
}
