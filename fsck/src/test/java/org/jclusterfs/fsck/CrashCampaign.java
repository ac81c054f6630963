package org.jclusterfs.fsck;

import java.io.PrintStream;
import java.util.Random;

/** Runs crash runs for as long as one likes. */
public final class CrashCampaign {
  private CrashCampaign() {}

  /**
   * Entry point.
   *
   * @param args {@code --minutes M} (default 1), {@code --seed S} of the first run, {@code --runs
   *     N}
   */
  public static void main(String[] args) {
    double minutes = 1;
    long seed = new Random().nextInt(1_000_000_000);
    long runs = Long.MAX_VALUE;
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--minutes" -> minutes = Double.parseDouble(args[i + 1]);
        case "--seed" -> seed = Long.parseLong(args[i + 1]);
        case "--runs" -> runs = Long.parseLong(args[i + 1]);
        default -> throw new IllegalArgumentException("unknown option " + args[i]);
      }
    }
    PrintStream out = System.out;
    out.println("crash runs from seed " + seed);
    long end = System.nanoTime() + (long) (minutes * 60e9);
    int passed = 0;
    int failed = 0;
    for (long n = 0; n < runs && System.nanoTime() < end; n++) {
      try {
        if (n % 10 == 9) {
          new FullVolumeRun(seed + n).run();
        } else if (n % 10 == 4) {
          new ClusterCrashRun(seed + n).run();
        } else {
          new CrashRun(seed + n).run();
        }
        passed++;
      } catch (Exception | AssertionError e) {
        failed++;
        e.printStackTrace(out);
      }
    }
    out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }
}
