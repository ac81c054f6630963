package org.jclusterfs.system;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares what is in a directory of {@link LoadWorker}'s endless load with what its processes were
 * told: each acknowledged record has to be there, whole and once; of what was under way when a
 * process or its node died, each may be there or not.
 */
final class LoadAudit {

  private final Path directory;
  private final Map<LoadRecord, Integer> shared = new HashMap<>();

  /**
   * Reads the shared file.
   *
   * @param interruptions ends of loads so far: each may have left one broken record
   */
  LoadAudit(Path directory, int interruptions) throws IOException {
    this.directory = directory;
    int broken = 0;
    for (String line : lines(directory.resolve("shared.log"))) {
      LoadRecord record = LoadRecord.parse(line).orElse(null);
      if (record == null) {
        broken++;
      } else {
        shared.merge(record, 1, Integer::sum);
      }
    }
    if (broken > interruptions) {
      throw new IOException(
          directory.resolve("shared.log")
              + ": "
              + broken
              + " broken records, "
              + interruptions
              + " writers were interrupted");
    }
  }

  /**
   * What is wrong with the records of a writer, or "".
   *
   * @param atRest that no load of this writer runs: one that does removes the files of the last
   */
  String check(String writer, Acknowledged acknowledged, boolean atRest) throws IOException {
    Set<LoadRecord> own = new HashSet<>();
    for (String line : lines(directory.resolve(writer + ".log"))) {
      LoadRecord.parse(line).ifPresent(own::add);
    }
    for (Run run : acknowledged.runs()) {
      for (long n = run.first(); n <= run.own(); n++) {
        if (!own.contains(new LoadRecord(writer, n))) {
          return "acknowledged record " + n + " is not in " + writer + ".log";
        }
      }
      for (long n = run.first(); n <= run.shared(); n++) {
        int times = shared.getOrDefault(new LoadRecord(writer, n), 0);
        if (times != 1) {
          return "acknowledged record "
              + n
              + " of "
              + writer
              + " is "
              + times
              + " times in shared.log";
        }
      }
      // The latest files; one more may be on its way out.
      long oldest = Math.max(run.first(), run.file() + 2 - LoadWorker.KEPT_FILES);
      for (long n = oldest; n <= run.file(); n++) {
        if (!atRest || !acknowledged.isLast(run)) {
          break; // a later run has removed some of them
        }
        Path file = directory.resolve("files").resolve(LoadWorker.fileName(writer, n));
        if (!Files.exists(file)) {
          return "acknowledged file " + file + " is not there";
        }
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        if (!text.equals(
            new String(new LoadRecord(writer, n).encode(), StandardCharsets.US_ASCII))) {
          return file + " holds " + text;
        }
      }
    }
    return "";
  }

  private static List<String> lines(Path file) throws IOException {
    // Bytes that were never written read as zeros, which is no character of UTF-8 to fear.
    return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
  }

  /** One life of a load: its first number and the last acknowledged of each kind. */
  private record Run(long first, long own, long shared, long file) {}

  /** What one writer was told over all its lives. */
  static final class Acknowledged {
    private final List<Run> runs = new ArrayList<>();
    private long next;

    void add(long own, long shared, long file) {
      runs.add(new Run(next, own, shared, file));
      next = Math.max(own, Math.max(shared, file)) + 2;
    }

    /** Highest number that was acknowledged in any way. */
    long highest() {
      return next - 2;
    }

    List<Run> runs() {
      return runs;
    }

    boolean isLast(Run run) {
      return runs.get(runs.size() - 1) == run;
    }
  }
}
