package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Random operations on files, on mounts that are chosen at random, against a model in memory: the
 * two-mount counterpart of fsx. Several lanes do so at the same time, each in a directory of its
 * own and with a seed of its own, the campaign's and those that follow it.
 */
final class FsxCampaign {

  private static final int LANES = 8;
  private static final int TOLD_EVERY = 100_000;

  private final Target.Kind kind;
  private final long seed;
  private final String options;
  private final int mounts;
  private final int lanes;

  /**
   * A campaign that has not begun.
   *
   * @param seed of the first lane
   * @param options mount options for every node, or empty
   * @param mounts nodes on which the operations are done
   * @param lanes lanes at a time, 0 for as many as is usual
   */
  FsxCampaign(Target.Kind kind, long seed, String options, int mounts, int lanes) {
    this.kind = kind;
    this.seed = seed;
    this.options = options;
    this.mounts = mounts;
    this.lanes = lanes == 0 ? LANES : lanes;
  }

  /**
   * Runs until there were so many operations or the time is over, whichever is first.
   *
   * @return operations done, none of which differed
   * @throws IllegalStateException at the first that differs
   */
  int run(int operations, Duration limit) {
    System.out.printf("fsx: %d mounts on %s, seeds from %d on%n", mounts, kind, seed);
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, mounts + 1, options)) {
      for (int n = 0; n < mounts; n++) {
        cluster.mount();
      }
      int done = on(cluster, operations, limit);
      cluster.unmountAndCheck();
      return done;
    } catch (IOException e) {
      throw new IllegalStateException("seed " + seed + ": " + e, e);
    }
  }

  /** As {@link #run}, on a cluster that has as many nodes mounted; it stays so. */
  int on(Cluster cluster, int operations, Duration limit) throws IOException {
    List<Node> nodes = cluster.nodes().subList(0, mounts);
    List<FsxLane> all = new ArrayList<>();
    for (int n = 0; n < lanes; n++) {
      String name = "lane" + n;
      Files.createDirectory(nodes.get(0).path(name));
      all.add(new FsxLane(seed + n, nodes.stream().map(node -> node.path(name)).toList()));
    }
    return together(all, operations, limit);
  }

  private static int together(List<FsxLane> lanes, int operations, Duration limit) {
    AtomicInteger taken = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    long begin = System.nanoTime();
    long end = begin + limit.toNanos();
    // Each lane does its share, so that what it does follows from its seed and the number alone.
    int share = (operations - 1) / lanes.size() + 1;
    List<Thread> threads = new ArrayList<>();
    for (FsxLane lane : lanes) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int n = 0; n < share && failure.get() == null; n++) {
                    if (System.nanoTime() > end) {
                      break;
                    }
                    lane.step();
                    tell(taken.incrementAndGet(), begin);
                  }
                  lane.finish();
                } catch (IOException | RuntimeException | Error e) {
                  failure.compareAndSet(null, e);
                }
              },
              "fsx-" + lane.seed());
      threads.add(thread);
      thread.start();
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get().toString(), failure.get());
    }
    Map<String, Integer> sums = new TreeMap<>();
    lanes.forEach(lane -> lane.addTo(sums));
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf(
        "%d operations in %.0f s, %.0f/s: %s%n", taken.get(), seconds, taken.get() / seconds, sums);
    return taken.get();
  }

  private static void tell(int done, long begin) {
    if (done % TOLD_EVERY == 0) {
      double seconds = (System.nanoTime() - begin) / 1e9;
      System.out.printf("%d operations, %.0f/s%n", done, done / seconds);
    }
  }
}
