package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands at the same time and waits for all of them. */
final class Workers {

  private Workers() {}

  /** Runs them all to their end and returns what each said; fails where one fails. */
  static List<String> runTogether(Duration limit, List<List<String>> commands) {
    List<Process> running = new ArrayList<>();
    List<Path> outputs = new ArrayList<>();
    try {
      for (List<String> command : commands) {
        Path output = Files.createTempFile(WorkDirectory.base(), "worker", ".txt");
        outputs.add(output);
        running.add(
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start());
      }
      long end = System.nanoTime() + limit.toNanos();
      List<String> said = new ArrayList<>();
      for (int i = 0; i < running.size(); i++) {
        boolean ended = running.get(i).waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        String text = Files.readString(outputs.get(i));
        if (!ended || running.get(i).exitValue() != 0) {
          throw new IllegalStateException(
              String.join(" ", commands.get(i))
                  + (ended
                      ? " failed with " + running.get(i).exitValue()
                      : " did not end within " + limit.toSeconds() + " s")
                  + ": "
                  + text);
        }
        said.add(text);
      }
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } finally {
      running.forEach(Process::destroyForcibly);
    }
  }
}
