package org.jclusterfs.fsck;

import java.util.List;
import java.util.Random;

/**
 * What a {@link CrashCampaign} is told.
 *
 * @param minutes how long it lasts at most ({@code --minutes M}, default 1)
 * @param seed of everything that is left to chance ({@code --seed S})
 * @param threads how many work at once ({@code --threads T}, default two per processor)
 * @param enumerateOnly nothing random beside the enumeration, which ends when it is through ({@code
 *     --enumerate})
 * @param from number of the sequence to begin with ({@code --from INDEX}, default 0)
 * @param share which part of the enumeration is this one's, from 1 ({@code --share K/N})
 * @param shares how many parts there are (default 1)
 * @param sequence one sequence alone ({@code --sequence TEXT}), or null
 * @param run one run alone ({@code --run volume|full|cluster|handover|deaths|device}), or null
 */
record CrashCampaignOptions(
    double minutes,
    long seed,
    int threads,
    boolean enumerateOnly,
    int from,
    int share,
    int shares,
    String sequence,
    String run) {

  private static final List<String> RUNS =
      List.of("volume", "full", "cluster", "handover", "deaths", "device");

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException with what is wrong with it
   */
  static CrashCampaignOptions parse(String... args) {
    double minutes = 1;
    long seed = new Random().nextInt(1_000_000_000);
    int threads = 2 * Runtime.getRuntime().availableProcessors();
    boolean enumerateOnly = false;
    int from = 0;
    int part = 1;
    int parts = 1;
    String sequence = null;
    String run = null;
    for (int i = 0; i < args.length; i++) {
      if (args[i].equals("--enumerate")) {
        enumerateOnly = true;
        continue;
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value, or is no option");
      }
      String value = args[++i];
      try {
        switch (args[i - 1]) {
          case "--minutes" -> minutes = Double.parseDouble(value);
          case "--seed" -> seed = Long.parseLong(value);
          case "--threads" -> threads = Integer.parseInt(value);
          case "--from" -> from = Integer.parseInt(value);
          case "--share" -> {
            if (value.indexOf('/') < 0) {
              throw new IllegalArgumentException("--share wants K/N, for example 1/4");
            }
            part = Integer.parseInt(value.split("/", 2)[0]);
            parts = Integer.parseInt(value.substring(value.indexOf('/') + 1));
          }
          case "--sequence" -> sequence = value;
          case "--run" -> run = value;
          default -> throw new IllegalArgumentException("no option " + args[i - 1]);
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(args[i - 1] + " wants a number, not " + value, e);
      }
    }
    if (threads < 1 || from < 0 || part < 1 || part > parts) {
      throw new IllegalArgumentException(
          "--threads is at least 1, --from at least 0, and --share K/N has K from 1 to N");
    }
    if (!(minutes > 0)) {
      throw new IllegalArgumentException("--minutes has to be more than 0");
    }
    if (run != null && !RUNS.contains(run)) {
      throw new IllegalArgumentException("no run is called " + run + "; there are " + RUNS);
    }
    if (sequence != null) {
      CrashSequence.parse(sequence);
    }
    return new CrashCampaignOptions(
        minutes, seed, threads, enumerateOnly, from, part, parts, sequence, run);
  }
}
