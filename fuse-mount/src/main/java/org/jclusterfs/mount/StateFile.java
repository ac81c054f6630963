package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * PID in the {@link RunDirectory} while a daemon lives, by which umount's helper finds it: lines
 * {@code directory=}, {@code source=}, {@code connection=} (minor device number) and {@code start=}
 * (start time of the process, field 22 of proc(5)'s stat).
 */
final class StateFile implements AutoCloseable {
  // State files alone: beside each lies the socket PID.control.
  private static final String NUMBERS = "[0-9]*[0-9]";

  private final Path file;

  private StateFile(Path file) {
    this.file = file;
  }

  static StateFile write(String source, Path directory, int connection) throws IOException {
    Path run = RunDirectory.own();
    removeStale(run);
    String start = startTime(ProcessHandle.current().pid());
    Path file = run.resolve(Long.toString(ProcessHandle.current().pid()));
    Path draft = run.resolve("." + file.getFileName());
    Files.writeString(
        draft,
        "directory="
            + directory
            + "\nsource="
            + source
            + "\nconnection="
            + connection
            + "\nstart="
            + start
            + "\n");
    Files.move(
        draft,
        file,
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    return new StateFile(file);
  }

  /** Process that serves a connection, if it lives. */
  static Optional<Long> daemonOf(MountTable.Mount mount) {
    return fileOf(mount).map(file -> Long.parseLong(file.getFileName().toString()));
  }

  private static Optional<Path> fileOf(MountTable.Mount mount) {
    Path newest = null;
    long begun = -1;
    for (Path run : RunDirectory.all()) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(run, NUMBERS)) {
        for (Path each : files) {
          List<String> lines = Files.readAllLines(each);
          // A daemon that is about to leave may have had the same number before, or directory.
          if (lines.contains("connection=" + mount.minor())
              && lines.contains("directory=" + mount.directory())
              && isAlive(each, lines)
              && start(lines) > begun) {
            newest = each;
            begun = start(lines);
          }
        }
      } catch (IOException | DirectoryIteratorException e) {
        // Somebody else's, or one that ends just now.
      }
    }
    return Optional.ofNullable(newest);
  }

  private static long start(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith("start="))
        .mapToLong(line -> Long.parseLong(line.substring("start=".length())))
        .findFirst()
        .orElse(0);
  }

  /** Where the daemon of this file listens for questions. */
  Path controlSocket() {
    return controlSocket(file);
  }

  private static Path controlSocket(Path stateFile) {
    return stateFile.resolveSibling(stateFile.getFileName() + ".control");
  }

  /** Where the daemon that serves a connection listens for questions. */
  static Optional<Path> controlSocketOf(MountTable.Mount mount) {
    return fileOf(mount).map(StateFile::controlSocket);
  }

  /** What killed daemons left. */
  private static void removeStale(Path run) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(run, NUMBERS)) {
      for (Path each : files) {
        if (!isAlive(each, Files.readAllLines(each))) {
          Files.deleteIfExists(controlSocket(each));
          Files.deleteIfExists(each);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Only tidiness is lost; another daemon may do the same now.
    }
  }

  private static boolean isAlive(Path file, List<String> lines) {
    try {
      return lines.contains("start=" + startTime(Long.parseLong(file.getFileName().toString())));
    } catch (IOException | NumberFormatException e) {
      return false;
    }
  }

  private static String startTime(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.getLogger(StateFile.class.getName())
          .log(System.Logger.Level.WARNING, "cannot remove " + file, e);
    }
  }
}
