package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * How often a file's lock goes to and fro between two nodes: one process writes a block through
 * both mounts in turn; two processes, one per mount, take turns; the same under fcntl locks.
 */
final class HandoffBench {

  private static final int BLOCK = 4096;
  private static final int WANTED = 300;

  private final Target.Kind kind;
  private final int warmUpSeconds;
  private final int seconds;
  private final int rounds;
  private final String options;

  /**
   * A bench that has not begun.
   *
   * @param warmUpSeconds length of a run of each kind before those that count, 0 for none
   * @param seconds length of each run
   * @param rounds runs of each kind
   * @param options mount options for both nodes, or empty
   */
  HandoffBench(Target.Kind kind, int warmUpSeconds, int seconds, int rounds, String options) {
    this.kind = kind;
    this.warmUpSeconds = warmUpSeconds;
    this.seconds = seconds;
    this.rounds = rounds;
    this.options = options;
  }

  @FunctionalInterface
  private interface Phase {
    Turns.Result run(String file, int seconds) throws IOException;
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, 4, options)) {
      List<Path> mounts = List.of(cluster.mount().directory(), cluster.mount().directory());
      System.out.printf("handoff: two nodes on %s, per second; at least %d wanted%n", kind, WANTED);
      measure("alternate", (file, time) -> alternate(mounts, file, time));
      measure("strict", (file, time) -> Turns.measure(mounts, file, Turns.Manner.STRICT, time));
      measure("fcntl", (file, time) -> Turns.measure(mounts, file, Turns.Manner.FCNTL, time));
      cluster.unmountAndCheck();
    }
  }

  private void measure(String name, Phase phase) throws IOException {
    if (warmUpSeconds > 0) {
      phase.run(name + "-warm", warmUpSeconds);
    }
    List<Double> rates = new ArrayList<>();
    for (int n = 0; n < rounds; n++) {
      Turns.Result result = phase.run(name + "-" + n, seconds);
      rates.add(result.perSecond());
      if (!result.isRight()) {
        throw new IllegalStateException(
            name + ": " + result.turns() + " turns left the number " + result.value());
      }
    }
    System.out.printf("%-10s %s; count right%n", name, Median.of(rates));
  }

  /** One process that writes a numbered block through each mount in turn. */
  private static Turns.Result alternate(List<Path> mounts, String name, int seconds)
      throws IOException {
    List<FileChannel> files = new ArrayList<>();
    try {
      for (Path mount : mounts) {
        files.add(
            FileChannel.open(
                mount.resolve(name),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE));
      }
      ByteBuffer block = ByteBuffer.allocate(BLOCK);
      long begun = System.nanoTime();
      long end = begun + seconds * 1_000_000_000L;
      long writes = 0;
      for (; System.nanoTime() < end; writes++) {
        block.clear().putLong(0, writes + 1);
        files.get((int) (writes % files.size())).write(block, 0);
      }
      double rate = writes * 1e9 / (System.nanoTime() - begun);
      // The one that did not write last has to see it.
      block.clear().limit(Long.BYTES);
      files.get((int) (writes % files.size())).read(block, 0);
      return new Turns.Result(writes, block.getLong(0), rate);
    } finally {
      for (FileChannel file : files) {
        file.close();
      }
    }
  }
}
