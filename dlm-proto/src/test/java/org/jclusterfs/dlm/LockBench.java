package org.jclusterfs.dlm;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long a change of the view takes the lock engines alone while one node holds many locks:
 * {@code LockBench [LOCKS]}. Three nodes in one thread, without a network; the locks lie in 100
 * regions. Prints milliseconds and messages of a join, a leave and the recovery after a death.
 */
final class LockBench {
  private static final int REGIONS = 100;

  private record InFlight(int from, int to, ByteBuffer message) {}

  private final Map<Integer, LockEngine> engines = new TreeMap<>();
  private final Deque<InFlight> network = new ArrayDeque<>();
  private final List<Long> locks = new ArrayList<>();
  private int recovered;
  private long messages;

  public static void main(String[] arguments) {
    int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100_000;
    for (int round = 0; round < 3; round++) {
      new LockBench().run(count);
    }
  }

  private void run(int count) {
    for (int slot = 1; slot <= 3; slot++) {
      start(slot);
    }
    install(1, new int[0], 1, 2, 3);
    // Node 2 is the first in half of the regions, so that it masters these.
    for (int region = 0; region < REGIONS; region += 2) {
      engines.get(2).request(newId(2), name(region, 0), LockMode.NL, 0, LockRange.WHOLE, 0);
    }
    settle();
    report("lock " + count, () -> lockAll(count));
    start(4);
    report("join", () -> install(2, new int[0], 1, 2, 3, 4));
    report(
        "death of the master of half of them",
        () -> {
          engines.remove(2);
          install(3, new int[] {2}, 1, 3, 4);
        });
    report(
        "leave of their holder",
        () -> {
          LockEngine holder = engines.get(1);
          holder.cork(); // as a node does that gives many back
          locks.forEach(id -> holder.unlock(id, LockFlags.KEEP_VALUE, null));
          holder.uncork();
          holder.handOver();
          settle();
          engines.remove(1);
          install(4, new int[0], 3, 4);
        });
  }

  private void start(int slot) {
    // Regions stay where they are: the death of a master is to be measured.
    engines.put(slot, new LockEngine(slot, new Output(slot), Integer.MAX_VALUE));
  }

  private long newId(int slot) {
    return engines.get(slot).newLockId();
  }

  private static LockName name(int region, int id) {
    return new LockName(2, region, id);
  }

  private void lockAll(int count) {
    for (int i = 1; i <= count; i++) {
      long id = newId(1);
      locks.add(id);
      engines.get(1).request(id, name(i % REGIONS, i), LockMode.EX, 0, LockRange.WHOLE, 0);
      settle();
    }
  }

  private void install(long number, int[] dead, int... slots) {
    recovered = 0;
    View view = new View(number, Transcript.members(slots), Transcript.members(dead));
    for (int slot : slots) {
      engines.get(slot).install(view);
    }
    settle();
    if (recovered != slots.length) {
      throw new IllegalStateException("Only " + recovered + " of " + slots.length + " recovered");
    }
    for (int slot : slots) {
      engines.get(slot).unblock(number);
    }
    settle();
  }

  private void settle() {
    while (!network.isEmpty()) {
      InFlight next = network.remove();
      LockEngine engine = engines.get(next.to());
      if (engine != null) {
        engine.receive(new Member(next.from(), next.from()), next.message());
      }
    }
  }

  private void report(String what, Runnable step) {
    long before = messages;
    long start = System.nanoTime();
    step.run();
    System.out.printf(
        "%s: %d ms, %d messages%n",
        what, (System.nanoTime() - start) / 1_000_000, messages - before);
  }

  /** Counts and carries. */
  private final class Output extends SilentOutput {
    private final int slot;

    Output(int slot) {
      this.slot = slot;
    }

    @Override
    public void send(int to, ByteBuffer message) {
      messages++;
      network.add(new InFlight(slot, to, message));
    }

    @Override
    public void recovered(long viewNumber) {
      recovered++;
    }
  }
}
