package org.jclusterfs.system;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
  private long checked;

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

  /** Acknowledged records that were looked for and found so far. */
  long checked() {
    return checked;
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
    String fault = "";
    for (Run run : acknowledged.runs()) {
      fault = fault.isEmpty() ? checkAppends(writer, run, own) : fault;
    }
    if (fault.isEmpty()) {
      fault = checkPlaces(writer, acknowledged);
    }
    // Only the latest run's: it has removed older files.
    if (fault.isEmpty() && atRest && !acknowledged.runs().isEmpty()) {
      Run latest = acknowledged.runs().get(acknowledged.runs().size() - 1);
      fault = checkFiles("files", "", writer, latest, LoadStep.FILE, LoadWorker.KEPT_FILES);
      if (fault.isEmpty()) {
        fault =
            checkFiles(
                "directories",
                "record",
                writer,
                latest,
                LoadStep.DIRECTORY,
                LoadWorker.KEPT_DIRECTORIES);
      }
    }
    return fault;
  }

  private String checkAppends(String writer, Run run, Set<LoadRecord> own) {
    for (long n = run.first(); n <= run.last(LoadStep.OWN); n++) {
      if (!own.contains(new LoadRecord(writer, n))) {
        return "acknowledged record " + n + " is not in " + writer + ".log";
      }
      checked++;
    }
    for (long n = run.first(); n <= run.last(LoadStep.SHARED); n++) {
      int times = shared.getOrDefault(new LoadRecord(writer, n), 0);
      if (times != 1) {
        return "acknowledged record "
            + n
            + " of "
            + writer
            + " is "
            + times
            + " times in "
            + "shared.log";
      }
      checked++;
    }
    return "";
  }

  /** Each place has to hold the last record that was acknowledged there, or a later one. */
  private String checkPlaces(String writer, Acknowledged acknowledged) throws IOException {
    Path file = directory.resolve(writer + ".places");
    Map<Long, Long> least = new HashMap<>();
    for (Run run : acknowledged.runs()) {
      for (long n = run.first(); n <= run.last(LoadStep.PLACE); n++) {
        least.put(n % LoadWorker.PLACES, n);
      }
    }
    byte[] content = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
    for (Map.Entry<Long, Long> entry : least.entrySet()) {
      int at = (int) (entry.getKey() * LoadRecord.LENGTH);
      String text = "";
      if (at + LoadRecord.LENGTH <= content.length) {
        text = new String(content, at, LoadRecord.LENGTH - 1, StandardCharsets.ISO_8859_1);
      }
      LoadRecord found = LoadRecord.parse(text).orElse(null);
      if (found == null
          || !found.writer().equals(writer)
          || found.number() < entry.getValue()
          || found.number() % LoadWorker.PLACES != entry.getKey()) {
        return file
            + " has, in place "
            + entry.getKey()
            + ", \""
            + text
            + "\" and not record "
            + entry.getValue()
            + " that was acknowledged there";
      }
      checked++;
    }
    return "";
  }

  private String checkFiles(
      String where, String inside, String writer, Run run, LoadStep step, int kept)
      throws IOException {
    // The latest ones; one more may be on its way out.
    long oldest = Math.max(run.first(), run.last(step) + 2 - kept);
    for (long n = oldest; n <= run.last(step); n++) {
      Path made = directory.resolve(where).resolve(LoadWorker.fileName(writer, n));
      Path file = inside.isEmpty() ? made : made.resolve(inside);
      if (!Files.exists(file)) {
        return "acknowledged file " + file + " is not there";
      }
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      if (!text.equals(new String(new LoadRecord(writer, n).encode(), StandardCharsets.US_ASCII))) {
        return file + " holds " + text;
      }
      checked++;
    }
    return "";
  }

  private static List<String> lines(Path file) throws IOException {
    // Bytes that were never written read as zeros, which is no character of UTF-8 to fear.
    return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
  }

  /** One life of a load: its first number and the last acknowledged of each step. */
  private record Run(long first, Map<LoadStep, Long> acknowledged) {
    long last(LoadStep step) {
      return acknowledged.get(step);
    }
  }

  /** What one writer was told over all its lives. */
  static final class Acknowledged {
    private final List<Run> runs = new ArrayList<>();
    private long next;

    /** One more life, whose highest acknowledged numbers are these. */
    void add(Map<LoadStep, Long> last) {
      runs.add(new Run(next, last));
      // What was under way when it ended may be there too: its number is left out.
      next = Collections.max(last.values()) + 2;
    }

    /** The first number of the next life. */
    long next() {
      return next;
    }

    List<Run> runs() {
      return runs;
    }
  }
}
