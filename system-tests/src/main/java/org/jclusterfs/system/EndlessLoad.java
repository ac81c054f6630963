package org.jclusterfs.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A {@link LoadWorker} without end on one node, and what it has said so far: the numbers whose
 * fsync returned, and the longest time without any. Thread-safe.
 */
final class EndlessLoad {

  private final String writer;
  private final WorkerProcess process;
  private final Map<LoadStep, Long> last = new EnumMap<>(LoadStep.class);
  private long acknowledgements;
  private long lastAt = System.nanoTime();
  private long longestPause;
  private String error = "";

  private EndlessLoad(String writer, long first, List<String> command) {
    this.writer = writer;
    for (LoadStep step : LoadStep.values()) {
      last.put(step, first - 1);
    }
    process = WorkerProcess.start(command, "load " + writer, this::accept);
  }

  /** Starts the load in a directory of a mount; records are numbered from {@code first} on. */
  static EndlessLoad start(Path directory, String writer, long first) {
    return new EndlessLoad(writer, first, LoadWorker.command("endless", directory, writer, first));
  }

  private synchronized void accept(String line) {
    int blank = line.indexOf(' ');
    String what = blank < 0 ? line : line.substring(0, blank);
    LoadStep step = LoadStep.of(what);
    if (step == null) {
      error += line + "\n";
      return;
    }
    last.put(step, Long.parseLong(line.substring(blank + 1)));
    long now = System.nanoTime();
    longestPause = Math.max(longestPause, now - lastAt);
    lastAt = now;
    acknowledgements++;
  }

  String writer() {
    return writer;
  }

  /** Highest number that is acknowledged, of each step. */
  synchronized Map<LoadStep, Long> last() {
    return new EnumMap<>(last);
  }

  synchronized long acknowledgements() {
    return acknowledgements;
  }

  /** What it said besides. */
  synchronized String error() {
    return error.strip();
  }

  boolean isRunning() {
    return process.isRunning();
  }

  /** The longest time between two acknowledgements since the last call; the present one counts. */
  synchronized Duration takeLongestPause() {
    Duration pause = longestPauseSoFar();
    longestPause = 0;
    return pause;
  }

  /** The same, without a new beginning. */
  synchronized Duration longestPauseSoFar() {
    return Duration.ofNanos(Math.max(longestPause, System.nanoTime() - lastAt));
  }

  /** Ends it by SIGKILL between two system calls; false if it hangs in one. */
  boolean end(Duration limit) {
    return process.end(limit);
  }

  /** Waits until it ended by itself. */
  boolean awaitEnd(Duration limit) {
    return process.awaitEnd(limit);
  }
}
