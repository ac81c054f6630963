package org.jclusterfs.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A {@link LoadWorker} that acknowledges nothing, and what it says. Thread-safe. */
final class SideLoad {

  private final String name;
  private final WorkerProcess process;
  private String error = "";

  private SideLoad(String name, List<String> command, Consumer<String> lines) {
    this.name = name;
    process = WorkerProcess.start(command, name, line -> accept(line, lines));
  }

  /**
   * Starts one.
   *
   * @param lines takes what it says, but errors
   */
  static SideLoad start(
      String mode, Path path, String writer, long number, Consumer<String> lines) {
    return new SideLoad(
        mode + " of " + writer, LoadWorker.command(mode, path, writer, number), lines);
  }

  private void accept(String line, Consumer<String> lines) {
    if (line.startsWith("error ")) {
      synchronized (this) {
        error += line + "\n";
      }
    } else {
      lines.accept(line);
    }
  }

  boolean isRunning() {
    return process.isRunning();
  }

  /** What it failed with. */
  synchronized String error() {
    return error.strip();
  }

  /** Ends it by SIGKILL; false if it hangs in a system call. */
  boolean end(Duration limit) {
    return process.end(limit);
  }

  /** Waits until it ended by itself. */
  boolean awaitEnd(Duration limit) {
    return process.awaitEnd(limit);
  }

  @Override
  public String toString() {
    return name;
  }
}
