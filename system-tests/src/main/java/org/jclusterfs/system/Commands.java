package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands of the machine and of bin/. Thread-safe. */
final class Commands {

  /** For commands that have no reason to take long. */
  static final Duration LIMIT = Duration.ofSeconds(60);

  private Commands() {}

  /** Runs a command to its end, within {@link #LIMIT}. */
  static Outcome run(String... command) {
    return run(LIMIT, List.of(command));
  }

  /** Runs a command of the shell to its end, within {@link #LIMIT}. */
  static Outcome shell(String script) {
    return run("bash", "-c", script);
  }

  /**
   * Runs a command to its end. What it prints goes through files, so that a daemon it leaves behind
   * with the streams in its hands does not keep the caller; a test that wants to see that uses a
   * shell's substitution.
   */
  static Outcome run(Duration limit, List<String> command) {
    Path out = null;
    Path err = null;
    try {
      out = Files.createTempFile(WorkDirectory.base(), "out", ".txt");
      err = Files.createTempFile(WorkDirectory.base(), "err", ".txt");
      long begin = System.nanoTime();
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      int status;
      if (process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        status = process.exitValue();
      } else {
        process.destroyForcibly();
        status = 124;
      }
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      return new Outcome(command, status, text(out), text(err), took);
    } catch (IOException e) {
      throw new UncheckedIOException(String.join(" ", command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + command.get(0), e);
    } finally {
      delete(out);
      delete(err);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private static void delete(Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
