package org.jclusterfs.system;

import java.io.IOException;
import java.util.Arrays;

/** What bin/bench starts: measures one thing and prints what came out. */
public final class BenchCommand {

  private static final String USAGE =
      """
      usage: bin/bench fsync     [--device tgtd|lio|file] [--seconds S] [--threads N]
                                 [--options MOUNT-OPTIONS]
             bin/bench replay    [--device tgtd|file] [--journal MIB]
             bin/bench recovery  [--device tgtd|lio|file] [--rounds N] [--options MOUNT-OPTIONS]
             bin/bench handoff   [--device tgtd|lio|file] [--seconds S] [--rounds N]
                                 [--options MOUNT-OPTIONS]
             bin/bench ping-pong [--device tgtd|lio|file] [--seconds S] [--rounds N]
                                 [--options MOUNT-OPTIONS]
             bin/bench idle-node [--device tgtd|lio|file] [--seconds S] [--rounds N]
                                 [--options MOUNT-OPTIONS]
             bin/bench locks     [--device tgtd|lio|file] [--locks N] [--options MOUNT-OPTIONS]
             bin/bench initiator [--seconds S] [--rounds N]

      fsync      threads that each write 4 KiB and fsync their own file, against one thread
      replay     how long a full journal takes to replay
      recovery   how long a node's death by SIGKILL delays the others
      handoff    how often a file's lock goes to and fro between two nodes
      ping-pong  fcntl locks of ctdb's ping_pong, against a mount that grants them at once
      idle-node  files that a node makes alone, and beside a node that is mounted and idle
      locks      join, leave and death where one node holds 100,000 locks (--locks)
      initiator  reads and writes of the initiator alone, against libiscsi on the same target
      """;

  /** Until the daemons' code is compiled their compilers take as much as their work. */
  private static final int WARM_UP_SECONDS = 5;

  private int seconds = 5;
  private int threads = 8;
  private int journalMib = 64;
  private int rounds;
  private long locks = 100_000;
  private String device = "tgtd";
  private String options = "";

  private BenchCommand() {}

  /** NAME and options as the usage says. */
  public static void main(String[] args) throws IOException {
    BenchCommand command = new BenchCommand();
    String name = args.length == 0 ? "" : args[0];
    if (Arrays.stream(args).anyMatch(BenchCommand::isCallForHelp)) {
      System.out.print(USAGE);
      return;
    }
    try {
      for (int n = 1; n < args.length; n += 2) {
        if (n + 1 == args.length) {
          throw new IllegalArgumentException(args[n] + " needs a value");
        }
        command.option(args[n], args[n + 1]);
      }
      command.run(name);
    } catch (IllegalStateException e) {
      System.out.println("FAILED: " + e.getMessage());
      System.exit(1);
    } catch (IllegalArgumentException e) {
      System.err.println("bench: " + e.getMessage());
      System.err.print(USAGE);
      System.exit(2);
    }
  }

  private void option(String name, String value) {
    switch (name) {
      case "--seconds" -> seconds = (int) number(name, value, 86_400);
      case "--threads" -> threads = (int) number(name, value, 100_000);
      case "--journal" -> journalMib = (int) number(name, value, 100_000);
      case "--locks" -> locks = number(name, value, 150_000);
      case "--rounds" -> rounds = (int) number(name, value, 100_000);
      case "--device" -> device = value;
      case "--options" -> options = value;
      default -> throw new IllegalArgumentException("no option " + name);
    }
  }

  private static boolean isCallForHelp(String word) {
    return word.equals("-h") || word.equals("--help");
  }

  private static long number(String option, String value, long most) {
    try {
      long number = Long.parseLong(value);
      if (number >= 1 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // as where it is out of range
    }
    throw new IllegalArgumentException(
        option + " wants a number from 1 to " + most + ", not \"" + value + "\"");
  }

  private int roundsOr(int usual) {
    return rounds == 0 ? usual : rounds;
  }

  private void run(String name) throws IOException {
    Target.Kind kind = Target.Kind.of(device);
    switch (name) {
      case "fsync" -> new FsyncBench(kind, seconds, threads, options).run();
      case "replay" -> new ReplayBench(kind, journalMib).run();
      case "recovery" -> new RecoveryBench(kind, roundsOr(10), options).run();
      case "handoff" ->
          new HandoffBench(kind, WARM_UP_SECONDS, seconds, roundsOr(3), options).run();
      case "ping-pong" ->
          new PingPongBench(kind, WARM_UP_SECONDS, seconds, roundsOr(3), options).run();
      case "idle-node" ->
          new IdleNodeBench(kind, WARM_UP_SECONDS, seconds, roundsOr(6), options).run();
      case "locks" -> new LocksBench(kind, WARM_UP_SECONDS, locks, options).run();
      case "initiator" -> new InitiatorBench(kind, 2 * WARM_UP_SECONDS, seconds, roundsOr(5)).run();
      default -> throw new IllegalArgumentException("no benchmark \"" + name + "\"");
    }
  }
}
