package org.jclusterfs.system;

import java.time.Duration;
import java.util.Random;

/** What bin/campaign starts: runs one campaign again and again for a while and counts. */
public final class CampaignCommand {

  private static final String USAGE =
      """
      usage: bin/campaign kill [--minutes M] [--rounds N] [--seed S] [--device tgtd|lio|file]
                               [--options MOUNT-OPTIONS]
             bin/campaign zombie [--minutes M] [--rounds N] [--seed S] [--device tgtd|lio|file]
                                 [--options MOUNT-OPTIONS]
             bin/campaign partition [--minutes M] [--rounds N] [--seed S] [--device tgtd|lio]
                                    [--options MOUNT-OPTIONS]
             bin/campaign steady [--minutes M] [--device tgtd|lio|file] [--options MOUNT-OPTIONS]
             bin/campaign power [--minutes M] [--rounds N] [--seed S] [--options MOUNT-OPTIONS]
             bin/campaign multipath [--minutes M] [--rounds N] [--seed S]
             bin/campaign fsx [--minutes M] [--operations N] [--seed S] [--device tgtd|lio|file]
                              [--mounts N] [--lanes N] [--options MOUNT-OPTIONS]
             bin/campaign namespace [--minutes M] [--operations N] [--seed S] [--device tgtd|lio|file]
                                    [--options MOUNT-OPTIONS]
             bin/campaign mmap [--minutes M] [--operations N] [--seed S] [--device tgtd|lio|file]
                               [--options MOUNT-OPTIONS]
             bin/campaign append [--minutes M] [--operations N] [--seed S] [--device tgtd|lio|file]
                                 [--options MOUNT-OPTIONS]
             bin/campaign php [--minutes M] [--seed S] [--device tgtd|lio|file]
                              [--options MOUNT-OPTIONS]
             bin/campaign crash [--minutes M] [--seed S]
                                [--sequence OPERATIONS | --run volume|full|cluster|handover]
             bin/campaign dlm [--minutes M] [--seed S]
             bin/campaign fuzz [--minutes M] [--runs N] [--seed S]

      kill    three nodes under load, one killed with SIGKILL at random moments again and again;
              survivors go on within 30 s, every fsynced record is intact, fsck is clean
      zombie  three nodes under load, one stopped for longer than its threshold, then let go on;
              the others write over its files meanwhile; none of its writes lands, it ends with EIO
      partition  three nodes in network namespaces that lose each other, or the LUN, in all ways;
              exactly one side goes on, nothing that was fsynced is lost
      steady  three nodes under full load and nothing else: nobody is taken for dead
      power   two nodes under load, the power of their target is cut at random moments again and
              again, and what was in its cache is lost; every fsynced record is intact, fsck is clean
      multipath  two nodes load one LUN by two portals, of which one after the other falls silent or
              drops its connections; requests go on within 5 s, no block holds old data
      fsx     random operations on files, on mounts chosen at random, against a model in memory
      namespace  4 processes on each of two nodes make, remove, rename, link and list the same names;
              some order of the calls explains all their results, fsck is clean
      mmap    two nodes store into one file by shared mappings in turn; no byte that the other
              reads, by read or in a mapping, is old; ping_pong -rwm counts right
      append  three nodes append records to one file, 20,000 each; none is lost, none torn
      php     PHP sessions on three nodes behind nginx, loaded by wrk, then a node dies half way: no
              increment is lost but what the dead node had not written
      crash   the power of a simulated LUN is cut at every write of sequences of operations
      dlm     the lock manager in simulated clusters under faults
      fuzz    a volume damaged at random places, repaired by fsck -y and looked at again
      """;

  private static final int RECORDS = 20_000;

  private long minutes = 5;
  private int rounds = Integer.MAX_VALUE;
  private long seed = new Random().nextInt(1_000_000);
  private String device = "tgtd";
  private String options = "";
  private int mounts = 2;
  private int lanes;

  private CampaignCommand() {}

  /** NAME and options as the usage says; the exit status is 0 only if nothing failed. */
  public static void main(String[] args) {
    String name = args.length == 0 ? "" : args[0];
    CampaignCommand command = new CampaignCommand();
    try {
      for (int n = 1; n < args.length; n += 2) {
        command.option(args[n], n + 1 < args.length ? args[n + 1] : "");
      }
      command.campaign(name);
    } catch (IllegalArgumentException e) {
      System.err.println("campaign: " + e.getMessage());
      System.err.print(USAGE);
      System.exit(2);
    }
    System.exit(command.run(name) ? 0 : 1);
  }

  private void option(String name, String value) {
    switch (name) {
      case "--minutes" -> minutes = Long.parseLong(value);
      case "--mounts" -> mounts = Integer.parseInt(value);
      case "--lanes" -> lanes = Integer.parseInt(value);
      case "--rounds", "--operations" -> rounds = Integer.parseInt(value);
      case "--seed" -> seed = Long.parseLong(value);
      case "--device" -> device = value;
      case "--options" -> options = value;
      default -> throw new IllegalArgumentException("no option " + name);
    }
  }

  private boolean run(String name) {
    int passed = 0;
    int failed = 0;
    try {
      passed = campaign(name).run(rounds, Duration.ofMinutes(minutes));
    } catch (IllegalStateException e) {
      System.out.println("FAILED: " + e.getMessage());
      System.out.printf(
          "again: bin/campaign %s%s --minutes %d --seed %d%s%n",
          name,
          name.equals("power") || name.equals("multipath") ? "" : " --device " + device,
          minutes,
          seed,
          options.isEmpty() ? "" : " --options " + options);
      failed = 1;
    }
    if (failed == 0 && passed == 0) {
      System.out.println("nothing is shown: no round ended within the time, allow more --minutes");
    }
    System.out.println(passed + " passed, " + failed + " failed");
    return failed == 0 && passed > 0;
  }

  /**
   * What runs until there were so many rounds or the time is over, and tells how many there were.
   */
  @FunctionalInterface
  private interface Campaign {
    int run(int rounds, Duration limit);
  }

  private Campaign campaign(String name) {
    Target.Kind kind = Target.Kind.of(device);
    return switch (name) {
      case "kill" -> new KillCampaign(kind, seed, options)::run;
      case "zombie" -> new ZombieCampaign(kind, seed, options)::run;
      case "partition" -> new PartitionCampaign(kind, seed, options)::run;
      case "steady" -> (ignored, limit) -> new SteadyCampaign(kind, options).run(limit);
      case "power" -> new PowerCampaign(seed, options)::run;
      case "fsx" -> new FsxCampaign(kind, seed, options, mounts, lanes)::run;
      case "namespace" -> new NamespaceCampaign(kind, seed, options, 4)::run;
      case "mmap" -> new MmapCampaign(kind, seed, options)::run;
      case "append" ->
          (most, limit) ->
              new AppendCampaign(kind, seed, options).run(Math.min(most, RECORDS), limit);
      case "php" -> (ignored, limit) -> new PhpCampaign(kind, seed, options).run(limit);
      case "multipath" -> new MultipathCampaign(seed)::run;
      default -> throw new IllegalArgumentException("no campaign named \"" + name + "\"");
    };
  }
}
