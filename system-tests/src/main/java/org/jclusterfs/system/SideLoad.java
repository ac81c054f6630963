package org.jclusterfs.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A {@link LoadWorker} that acknowledges nothing, and what it says. Thread-safe. */
final class SideLoad {

  private final String name;
  private final Process process;
  private final Thread reader;
  private String error = "";

  private SideLoad(String name, Process process, Consumer<String> lines) {
    this.name = name;
    this.process = process;
    reader = new Thread(() -> read(lines), name);
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts one.
   *
   * @param lines takes what it says, but errors
   */
  static SideLoad start(
      String mode, Path path, String writer, long number, Consumer<String> lines) {
    try {
      Process process =
          new ProcessBuilder(LoadWorker.command(mode, path, writer, number))
              .redirectErrorStream(true)
              .start();
      return new SideLoad(mode + " of " + writer, process, lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read(Consumer<String> lines) {
    try (BufferedReader said = process.inputReader()) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        if (line.startsWith("error ")) {
          synchronized (this) {
            error += line + "\n";
          }
        } else {
          lines.accept(line);
        }
      }
    } catch (IOException ignored) {
      // the process was killed
    }
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** What it failed with. */
  synchronized String error() {
    return error.strip();
  }

  /** Ends it by SIGKILL; false if it hangs in a system call. */
  boolean end(Duration limit) {
    process.destroyForcibly();
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

  @Override
  public String toString() {
    return name;
  }
}
