package org.jclusterfs.system;

import java.io.IOException;

/** What bin/bench starts: measures one thing and prints what came out. */
public final class BenchCommand {

  private static final String USAGE =
      """
      usage: bin/bench fsync  [--device tgtd|lio|file] [--seconds S] [--threads N]
                              [--options MOUNT-OPTIONS]
             bin/bench replay [--device tgtd|file] [--journal MIB]
             bin/bench recovery [--device tgtd|lio|file] [--rounds N] [--options MOUNT-OPTIONS]
      """;

  private int seconds = 5;
  private int threads = 8;
  private int journalMib = 64;
  private int rounds = 10;
  private String device = "tgtd";
  private String options = "";

  private BenchCommand() {}

  /** NAME and options as the usage says. */
  public static void main(String[] args) throws IOException {
    BenchCommand command = new BenchCommand();
    String name = args.length == 0 ? "" : args[0];
    try {
      for (int n = 1; n < args.length; n += 2) {
        command.option(args[n], n + 1 < args.length ? args[n + 1] : "");
      }
      command.run(name);
    } catch (IllegalArgumentException e) {
      System.err.println("bench: " + e.getMessage());
      System.err.print(USAGE);
      System.exit(2);
    }
  }

  private void option(String name, String value) {
    switch (name) {
      case "--seconds" -> seconds = Integer.parseInt(value);
      case "--threads" -> threads = Integer.parseInt(value);
      case "--journal" -> journalMib = Integer.parseInt(value);
      case "--rounds" -> rounds = Integer.parseInt(value);
      case "--device" -> device = value;
      case "--options" -> options = value;
      default -> throw new IllegalArgumentException("no option " + name);
    }
  }

  private void run(String name) throws IOException {
    Target.Kind kind = Target.Kind.of(device);
    switch (name) {
      case "fsync" -> new FsyncBench(kind, seconds, threads, options).run();
      case "replay" -> new ReplayBench(kind, journalMib).run();
      case "recovery" -> new RecoveryBench(kind, rounds, options).run();
      default -> throw new IllegalArgumentException("no benchmark " + name);
    }
  }
}
