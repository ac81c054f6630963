package org.jclusterfs.system;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Our initiator and libiscsi in turn on the same target: random reads of 4 KiB, sequential reads
 * and writes of 1 MiB, each as that many requests at once. libiscsi's reads are iscsi-perf's, its
 * writes those of qemu-img bench.
 */
final class InitiatorBench {

  private static final double WANTED_SPEED = 0.9;
  private static final double WANTED_CPU = 1.5;
  private static final int MEBIBYTES = 1024;
  private static final int SMALL_DEPTH = 32;
  private static final int LARGE_DEPTH = 8;
  private static final String INITIATOR = "iqn.2026-01.org.jclusterfs.test:bench";
  private static final Pattern OURS =
      Pattern.compile("([0-9.]+) IOPS, [0-9.]+ MiB/s, ([0-9.]+) us CPU");
  private static final Pattern PERF = Pattern.compile("iops average ([0-9]+)");
  private static final Pattern QEMU = Pattern.compile("completed in ([0-9.]+) seconds");
  private static final Pattern CPU = Pattern.compile("cpu ([0-9.]+) ([0-9.]+)");

  /** Requests per second, and microseconds of CPU for each. */
  private record Figure(double perSecond, double cpuMicros) {}

  /** One command against the other. */
  private interface Run {
    Figure once();
  }

  private final int warmUpSeconds;
  private final int seconds;
  private final int rounds;
  private String device;

  /**
   * A bench that has not begun.
   *
   * @param warmUpSeconds before each run of ours, while it is compiled
   * @param seconds length of each run
   * @param rounds runs of each kind
   */
  InitiatorBench(Target.Kind kind, int warmUpSeconds, int seconds, int rounds) {
    if (kind != Target.Kind.TGTD) {
      throw new IllegalArgumentException("--device: initiators are compared on tgtd alone");
    }
    this.warmUpSeconds = warmUpSeconds;
    this.seconds = seconds;
    this.rounds = rounds;
  }

  void run() throws IOException {
    try (Target target = Target.start(Target.Kind.TGTD, MEBIBYTES + "M")) {
      device = target.device();
      // Reads of holes cost the target nothing, so that only we would be measured.
      fill(target.image());
      System.out.printf("initiator: ours and libiscsi in turn on tgtd, medians%n");
      compare(
          "4 KiB random reads, depth " + SMALL_DEPTH,
          () -> ours("--depth", SMALL_DEPTH + "", "--block", "4096"),
          () -> perf("-r", "-b", "8", "-m", SMALL_DEPTH + ""));
      compare(
          "1 MiB sequential reads, depth " + LARGE_DEPTH,
          () -> ours("--sequential", "--depth", LARGE_DEPTH + "", "--block", "1M"),
          () -> perf("-b", "2048", "-m", LARGE_DEPTH + ""));
      compare(
          "1 MiB sequential writes, depth " + LARGE_DEPTH,
          () ->
              ours(
                  "--sequential",
                  "--destroy-by-writing",
                  "--yes",
                  "--depth",
                  LARGE_DEPTH + "",
                  "--block",
                  "1M"),
          this::qemu);
    }
  }

  private void compare(String what, Run ours, Run theirs) {
    List<Double> speeds = new ArrayList<>();
    List<Double> cpus = new ArrayList<>();
    List<Figure> own = new ArrayList<>();
    List<Figure> other = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      if (round % 2 == 0) {
        own.add(ours.once());
        other.add(theirs.once());
      } else {
        other.add(theirs.once());
        own.add(ours.once());
      }
      speeds.add(own.get(round).perSecond() / other.get(round).perSecond());
      cpus.add(own.get(round).cpuMicros() / other.get(round).cpuMicros());
    }
    System.out.println(what);
    print("ours", own);
    print("libiscsi", other);
    System.out.printf("  speed ratio %s; at least %.1f wanted%n", Median.of(speeds), WANTED_SPEED);
    System.out.printf(
        what.startsWith("4 KiB") ? "  CPU ratio   %s; at most %.1f wanted%n" : "  CPU ratio   %s%n",
        Median.of(cpus),
        WANTED_CPU);
  }

  private static void print(String whose, List<Figure> figures) {
    System.out.printf(
        "  %-9s %s requests/s, %s us CPU each%n",
        whose,
        Median.of(figures.stream().map(Figure::perSecond).toList()),
        Median.of(figures.stream().map(Figure::cpuMicros).toList()));
  }

  private Figure ours(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(ProjectTree.command("iscsi").toString());
    command.addAll(List.of("speed", "--initiator", INITIATOR, "--seconds", seconds + ""));
    command.addAll(List.of("--warm-up", warmUpSeconds + ""));
    command.addAll(List.of(arguments));
    command.add(device);
    Matcher said = find(OURS, Commands.run(limit(), command).orFail());
    return new Figure(Double.parseDouble(said.group(1)), Double.parseDouble(said.group(2)));
  }

  private Figure perf(String... arguments) {
    List<String> command = new ArrayList<>(List.of("iscsi-perf", "-i", INITIATOR));
    command.addAll(List.of("-t", seconds + ""));
    command.addAll(List.of(arguments));
    command.add(device);
    Outcome outcome = timed(command);
    double perSecond = Double.parseDouble(find(PERF, outcome).group(1));
    return new Figure(perSecond, cpuMicros(outcome) / (perSecond * seconds));
  }

  private Figure qemu() {
    int count = 400 * seconds;
    List<String> command = new ArrayList<>(List.of("qemu-img", "bench", "-w", "-t", "none"));
    command.addAll(List.of("-c", count + "", "-d", LARGE_DEPTH + "", "-s", "1M", "-f", "raw"));
    command.add(device);
    Outcome outcome = timed(command);
    double took = Double.parseDouble(find(QEMU, outcome).group(1));
    return new Figure(count / took, cpuMicros(outcome) / count);
  }

  /** Runs a command by bash, which tells what it took of the processor. */
  private Outcome timed(List<String> command) {
    List<String> shell = new ArrayList<>();
    shell.addAll(List.of("bash", "-c", "TIMEFORMAT='cpu %U %S'; time \"$@\"", "bash"));
    shell.addAll(command);
    return Commands.run(limit(), shell).orFail();
  }

  private static double cpuMicros(Outcome outcome) {
    Matcher said = find(CPU, outcome);
    return 1e6 * (Double.parseDouble(said.group(1)) + Double.parseDouble(said.group(2)));
  }

  private static Matcher find(Pattern pattern, Outcome outcome) {
    Matcher matcher = pattern.matcher(outcome.said());
    if (!matcher.find()) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "no figure in what it said: %s", outcome.describe()));
    }
    return matcher;
  }

  private Duration limit() {
    return Duration.ofSeconds(120L + 10L * (warmUpSeconds + seconds));
  }

  private static void fill(Path image) throws IOException {
    byte[] bytes = new byte[1 << 20];
    Random random = new Random(1);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw");
        FileChannel channel = file.getChannel()) {
      for (int i = 0; i < MEBIBYTES; i++) {
        random.nextBytes(bytes);
        channel.write(ByteBuffer.wrap(bytes));
      }
      channel.force(true); // or it is written to the disk while we measure
    }
  }
}
