package org.jclusterfs.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A {@link LoadWorker} without end on one node, and what it has said so far: the numbers whose
 * fsync returned, and the longest time without any. Thread-safe.
 */
final class EndlessLoad {

  private final String writer;
  private final Process process;
  private final Thread reader;
  private final Map<LoadStep, Long> last = new EnumMap<>(LoadStep.class);
  private long acknowledgements;
  private long lastAt = System.nanoTime();
  private long longestPause;
  private String error = "";

  private EndlessLoad(String writer, long first, Process process) {
    this.writer = writer;
    this.process = process;
    for (LoadStep step : LoadStep.values()) {
      last.put(step, first - 1);
    }
    this.reader = new Thread(this::read, "load " + writer);
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts the load in a directory of a mount; records are numbered from {@code first} on. */
  static EndlessLoad start(Path directory, String writer, long first) {
    try {
      Process process =
          new ProcessBuilder(LoadWorker.command("endless", directory, writer, first))
              .redirectErrorStream(true)
              .start();
      return new EndlessLoad(writer, first, process);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        accept(line);
      }
    } catch (IOException ignored) {
      // the process was killed
    }
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
    return process.isAlive();
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
    // Not the process's own method, which closes the pipe: what it said and nobody has read yet
    // would be lost, and with it the knowledge of what it has removed since.
    process.toHandle().destroyForcibly();
    return awaitEnd(limit);
  }

  /** Waits until it ended by itself. */
  boolean awaitEnd(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        return false;
      }
      reader.join(2000);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
