package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Runs of ping_pong, the test of fcntl locks of Debian's package ctdb. Each of its processes takes
 * the lock of a byte of a file, gives the one before it up and goes on to the next; with -rw it
 * counts in that byte, and sees how many others counted since it was there.
 */
final class CtdbPingPong {

  private static final Pattern WORD = Pattern.compile("(\\d+) locks/sec|data increment = (\\d+)");

  /**
   * What one process said while all of them ran.
   *
   * @param increments by which what it counts had grown since it was there, each time that changed
   * @param rates locks in each second
   */
  record Report(List<Integer> increments, List<Integer> rates) {

    double perSecond() {
      return Median.of(rates.stream().map(Integer::doubleValue).toList()).middle();
    }
  }

  private CtdbPingPong() {}

  /**
   * Runs one process per path, all on the same file, for so long.
   *
   * @param flags "" or how they count in the file: -rw, or -rwm in a mapping
   */
  static List<Report> run(List<Path> paths, String flags, int seconds) {
    List<List<String>> commands = new ArrayList<>();
    // It never ends by itself; one more byte than processes, as its manual says.
    String script =
        "until [ -e \"$3\" ]; do sleep 0.02; done;"
            + " timeout \"$1\" ping_pong "
            + flags
            + " \"$0\" \"$2\" || test $? = 124";
    Path go = WorkDirectory.make("ping-pong").resolve("go");
    for (Path path : paths) {
      String locks = Integer.toString(paths.size() + 1);
      commands.add(
          List.of("bash", "-c", script, path.toString(), seconds + "", locks, go.toString()));
    }
    Thread starter = new Thread(() -> create(go), "start");
    starter.start();
    Duration limit = Duration.ofSeconds(seconds + 30L);
    return Workers.runTogether(limit, commands).stream().map(CtdbPingPong::parse).toList();
  }

  private static void create(Path go) {
    Checks.pause(200);
    try {
      Files.createFile(go);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Leaves out what was said in the first second and behind the last whole one, when the processes
   * may not have run all.
   */
  private static Report parse(String said) {
    List<Integer> increments = new ArrayList<>();
    List<Integer> rates = new ArrayList<>();
    int last = -1;
    List<Integer> since = new ArrayList<>();
    for (MatchResult word : WORD.matcher(said).results().toList()) {
      if (word.group(2) != null) {
        last = Integer.parseInt(word.group(2));
        since.add(last);
        continue;
      }
      if (rates.isEmpty()) {
        since.clear();
        if (last >= 0) {
          since.add(last);
        }
      }
      rates.add(Integer.parseInt(word.group(1)));
      increments.addAll(since);
      since.clear();
    }
    if (rates.isEmpty()) {
      throw new IllegalStateException("ping_pong told no rates: " + said);
    }
    // The first second may not be a whole one.
    return new Report(increments, rates.subList(Math.min(1, rates.size() - 1), rates.size()));
  }
}
