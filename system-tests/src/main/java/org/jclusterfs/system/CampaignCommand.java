package org.jclusterfs.system;

import java.time.Duration;
import java.util.Random;

/**
 * What bin/campaign, whose head is the usage, starts: runs one campaign again and again for a while
 * and counts.
 */
public final class CampaignCommand {

  private static final int RECORDS = 20_000;

  private long minutes = 5;
  private int rounds = Integer.MAX_VALUE;
  private long seed = new Random().nextInt(1_000_000);
  private String device = "tgtd";
  private String options = "";
  private int mounts = 2;
  private int lanes;

  private CampaignCommand() {}

  /** NAME and options as bin/campaign says; the exit status is 0 only if nothing failed. */
  public static void main(String[] args) {
    String name = args.length == 0 ? "" : args[0];
    CampaignCommand command = new CampaignCommand();
    try {
      for (int n = 1; n < args.length; n += 2) {
        command.option(args[n], n + 1 < args.length ? args[n + 1] : "");
      }
      command.campaign(name);
    } catch (IllegalArgumentException e) {
      System.err.println("campaign: " + e.getMessage() + "; see bin/campaign --help");
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
