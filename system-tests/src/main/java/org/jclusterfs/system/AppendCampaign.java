package org.jclusterfs.system;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Three nodes that append records of all lengths to one file, each by one write(2) of a file opened
 * O_APPEND: at the end every record is there once, whole, and in its writer's order.
 */
final class AppendCampaign {

  private static final int NODES = 3;
  private static final int HEAD = 3 * Integer.BYTES;
  private static final int LONGEST = 1_000;
  private static final Duration START = Duration.ofSeconds(60);

  private final Target.Kind kind;
  private final long seed;
  private final String options;

  /**
   * A campaign that has not begun.
   *
   * @param options mount options for every node, or empty
   */
  AppendCampaign(Target.Kind kind, long seed, String options) {
    this.kind = kind;
    this.seed = seed;
    this.options = options;
  }

  /**
   * Lets every node append so many records.
   *
   * @param limit of the time that they may take
   * @return records found, of all nodes
   * @throws IllegalStateException where one is lost or torn
   */
  int run(int records, Duration limit) {
    System.out.printf("append: %d records by each of %d mounts on %s%n", records, NODES, kind);
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, NODES + 1, options)) {
      for (int n = 0; n < NODES; n++) {
        cluster.mount();
      }
      int found = on(cluster, records, limit);
      cluster.unmountAndCheck();
      return found;
    } catch (IOException e) {
      throw new IllegalStateException("seed " + seed + ": " + e, e);
    }
  }

  /** As {@link #run}, on a cluster that has three nodes mounted; it stays so. */
  int on(Cluster cluster, int records, Duration limit) throws IOException {
    List<List<String>> commands = new ArrayList<>();
    for (int n = 0; n < NODES; n++) {
      Path file = cluster.nodes().get(n).path("log");
      commands.add(LoadWorker.command("append-any", file, (seed + n) + "-" + n, records));
    }
    long begin = System.nanoTime();
    Workers.runTogether(START.plus(limit), commands);
    double seconds = (System.nanoTime() - begin) / 1e9;
    int found = 0;
    for (Node node : cluster.nodes()) {
      found = check(node.path("log"), records);
    }
    System.out.printf(
        "%d records in %.1f s, %.0f/s, all there on every mount%n",
        found, seconds, found / seconds);
    return found;
  }

  /** What a node does; {@code who} is seed and number. */
  static void append(Path file, String who, long records) throws IOException {
    int dash = who.indexOf('-');
    Random random = new Random(Long.parseLong(who.substring(0, dash)));
    int writer = Integer.parseInt(who.substring(dash + 1));
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int n = 0; n < records; n++) {
        ByteBuffer record = record(writer, n, HEAD + random.nextInt(LONGEST));
        int length = record.remaining();
        if (channel.write(record) != length) {
          throw new IOException("record " + n + " was not written by one write(2)");
        }
      }
    }
  }

  private static ByteBuffer record(int writer, int number, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) ('a' + (writer * 7 + number) % 26));
    return ByteBuffer.wrap(bytes).putInt(0, writer).putInt(4, number).putInt(8, length);
  }

  private int check(Path file, int records) throws IOException {
    int[] next = new int[NODES];
    long at = 0;
    try (InputStream log = new BufferedInputStream(Files.newInputStream(file), 1 << 20)) {
      while (true) {
        byte[] head = log.readNBytes(HEAD);
        if (head.length == 0) {
          break;
        }
        ByteBuffer fields = ByteBuffer.wrap(Arrays.copyOf(head, HEAD));
        int writer = fields.getInt();
        int number = fields.getInt();
        int length = fields.getInt();
        boolean sound = writer >= 0 && writer < NODES && length >= HEAD && length < HEAD + LONGEST;
        demand(sound && next[writer] == number, file, at, "is not the next record of any writer");
        byte[] rest = log.readNBytes(length - HEAD);
        byte[] right = record(writer, number, length).array();
        boolean whole = Arrays.equals(rest, Arrays.copyOfRange(right, HEAD, length));
        demand(whole, file, at, "is torn");
        next[writer]++;
        at += length;
      }
    }
    int all = Arrays.stream(next).sum();
    demand(all == NODES * records, file, at, "is the end: each wrote " + Arrays.toString(next));
    return all;
  }

  private void demand(boolean condition, Path file, long at, String what) {
    if (!condition) {
      throw new IllegalStateException(
          String.format("seed %d: what is at %d of %s %s", seed, at, file, what));
    }
  }
}
