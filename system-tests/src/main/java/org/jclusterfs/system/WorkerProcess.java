package org.jclusterfs.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A process that runs beside the tests, and a thread that takes each line it says. */
final class WorkerProcess {

  private static final long LAST_WORDS_MILLIS = 2000;

  private final Process process;
  private final Thread reader;

  private WorkerProcess(Process process, String name, Consumer<String> lines) {
    this.process = process;
    reader = new Thread(() -> read(lines), name);
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts a command.
   *
   * @param lines takes what it says, errors too, in a thread of that name
   */
  static WorkerProcess start(List<String> command, String name, Consumer<String> lines) {
    try {
      return new WorkerProcess(
          new ProcessBuilder(command).redirectErrorStream(true).start(), name, lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read(Consumer<String> lines) {
    try (BufferedReader said = process.inputReader()) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        lines.accept(line);
      }
    } catch (IOException ignored) {
      // the process was killed
    }
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** Ends it by SIGKILL between two system calls; false if it hangs in one. */
  boolean end(Duration limit) {
    // Not the process's own method, which closes the pipe: what it said and nobody has read yet
    // would be lost, and with it the knowledge of what it has removed since.
    process.toHandle().destroyForcibly();
    return awaitEnd(limit);
  }

  /** Waits until it ended by itself, and all that it said was taken. */
  boolean awaitEnd(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        return false;
      }
      reader.join(LAST_WORDS_MILLIS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
