package org.jclusterfs.system;

import static org.jclusterfs.system.SystemCalls.c;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import jnr.ffi.Pointer;

/**
 * Two nodes that store into one file by shared mappings in turn, without msync: each time the other
 * has to find every byte, by read(2) and in a mapping of its own. At the end ctdb's ping_pong
 * counts in a mapping under fcntl locks, on both.
 */
final class MmapCampaign {

  private static final int NODES = 2;
  private static final int PAGES = 16;
  private static final int PAGE = 4096;
  private static final int SIZE = PAGES * PAGE;
  private static final int MOST_STORES = 3;
  private static final int PING_PONG_SECONDS = 3;
  private static final int TOLD_EVERY = 2_000;

  /** A node's descriptors and mappings of the file, made once. */
  private record View(int readWrite, int readOnly, ByteBuffer writable, ByteBuffer readable) {

    static View open(Path file) {
      int readWrite = c().open(file.toString(), SystemCalls.O_RDWR, 0);
      int readOnly = c().open(file.toString(), SystemCalls.O_RDONLY, 0);
      if (readWrite < 0 || readOnly < 0) {
        throw new IllegalStateException("open of " + file + ": errno " + SystemCalls.errno());
      }
      int both = SystemCalls.PROT_READ | SystemCalls.PROT_WRITE;
      return new View(
          readWrite, readOnly, map(readWrite, both), map(readOnly, SystemCalls.PROT_READ));
    }

    private static ByteBuffer map(int descriptor, int protection) {
      Pointer mapped = c().mmap(null, SIZE, protection, SystemCalls.MAP_SHARED, descriptor, 0);
      if (mapped == null || mapped.address() == -1) {
        throw new IllegalStateException("mmap: errno " + SystemCalls.errno());
      }
      return SystemCalls.memory(mapped.address(), SIZE);
    }

    void close() {
      c().munmap(SystemCalls.address(writable), SIZE);
      c().munmap(SystemCalls.address(readable), SIZE);
      c().close(readWrite);
      c().close(readOnly);
    }
  }

  private final Target.Kind kind;
  private final long seed;
  private final String options;
  private final Random random;
  private final byte[] model = new byte[SIZE];
  private final byte[] seen = new byte[SIZE];
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(SIZE);
  private final Checks checks;
  private int alternations;

  /**
   * A campaign that has not begun.
   *
   * @param options mount options for every node, or empty
   */
  MmapCampaign(Target.Kind kind, long seed, String options) {
    this.kind = kind;
    this.seed = seed;
    this.options = options;
    this.random = new Random(seed);
    checks = new Checks(() -> String.format("alternation %d, seed %d", alternations, seed));
  }

  /**
   * Runs until there were so many alternations or the time is over, whichever is first.
   *
   * @return alternations without an old byte
   * @throws IllegalStateException at the first old byte, or wrong count
   */
  int run(int most, Duration limit) {
    System.out.printf("mmap: %d mounts on %s, seed %d%n", NODES, kind, seed);
    try (Target target = Target.start(kind, "4G");
        Cluster cluster = Cluster.formatForHelpers(target, NODES + 1, options)) {
      for (int n = 0; n < NODES; n++) {
        cluster.mount();
      }
      on(cluster, most, limit);
      cluster.unmountAndCheck();
    } catch (IOException e) {
      throw new IllegalStateException("seed " + seed + ": " + e, e);
    }
    return alternations;
  }

  /** As {@link #run}, on a cluster that has at least two nodes mounted; it stays so. */
  int on(Cluster cluster, int most, Duration limit) throws IOException {
    long begin = System.nanoTime();
    long end = begin + limit.toNanos();
    List<Path> files = paths(cluster, "mapped");
    Files.write(files.get(0), model);
    List<View> views = files.stream().map(View::open).toList();
    while (alternations < most && System.nanoTime() < end) {
      alternations++;
      alternate(views.get(alternations % NODES), views.get((alternations + 1) % NODES));
      if (alternations % TOLD_EVERY == 0) {
        tell(begin);
      }
    }
    tell(begin);
    views.forEach(View::close);
    pingPong(paths(cluster, "ping-pong"));
    return alternations;
  }

  private static List<Path> paths(Cluster cluster, String name) {
    return cluster.nodes().subList(0, NODES).stream().map(node -> node.path(name)).toList();
  }

  private void tell(long begin) {
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf("%d alternations, %.0f/s%n", alternations, alternations / seconds);
  }

  private void alternate(View writer, View reader) {
    int stores = 1 + random.nextInt(MOST_STORES);
    for (int n = 0; n < stores; n++) {
      int offset = random.nextInt(SIZE);
      byte[] bytes = new byte[1 + random.nextInt(Math.min(2 * PAGE, SIZE - offset))];
      random.nextBytes(bytes);
      writer.writable.put(offset, bytes);
      System.arraycopy(bytes, 0, model, offset, bytes.length);
    }
    List<Integer> ways = new ArrayList<>(List.of(0, 1, 2, 3));
    java.util.Collections.shuffle(ways, random);
    for (int way : ways) {
      look(way, reader);
    }
    look(random.nextInt(4), writer);
  }

  private void look(int way, View view) {
    switch (way) {
      case 0 -> read(view.readWrite);
      case 1 -> read(view.readOnly);
      case 2 -> view.writable.get(0, seen);
      default -> view.readable.get(0, seen);
    }
    int at = java.util.Arrays.mismatch(model, seen);
    checks.demand(
        at < 0,
        "byte %d is old by %s",
        at,
        List.of("read", "read of pages", "a writable mapping", "a mapping").get(way));
  }

  private void read(int descriptor) {
    long read = c().pread(descriptor, SystemCalls.address(buffer), SIZE, 0);
    checks.demand(read == SIZE, "read %d bytes, errno %d", read, SystemCalls.errno());
    buffer.get(0, seen);
  }

  private void pingPong(List<Path> files) {
    List<CtdbPingPong.Report> reports = CtdbPingPong.run(files, "-rwm", PING_PONG_SECONDS);
    List<Integer> increments =
        reports.stream().flatMap(report -> report.increments().stream()).distinct().toList();
    System.out.printf(
        "ping_pong -rwm: increments %s, %s locks/s%n",
        increments, reports.stream().map(r -> String.format("%.0f", r.perSecond())).toList());
    checks.demand(
        increments.equals(List.of(NODES)), "ping_pong -rwm saw increments of %s", increments);
  }
}
