package org.jclusterfs.core.device;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;

/** Reads from /proc who a process is and whether it still lives. Thread-safe. */
public final class ProcessIdentities {

  private static final Path PROC = Path.of("/proc");

  /** What can be said about a process from here. */
  public enum State {
    /** It runs, or some thread of it does. */
    ALIVE,
    /** It can do nothing any more: gone, or a zombie without threads. */
    DEAD,
    /** It belongs to another host or pid namespace. */
    UNKNOWN
  }

  private ProcessIdentities() {}

  /**
   * This process.
   *
   * @throws IOException if /proc is not mounted
   */
  public static ProcessIdentity current() throws IOException {
    long pid = ProcessHandle.current().pid();
    return new ProcessIdentity(bootId(), pidNamespace(), pid, startTime(pid));
  }

  /** Whether a process lives; another boot id may be another host, so it says nothing. */
  public static State isAlive(ProcessIdentity process) throws IOException {
    if (!process.bootId().equals(bootId()) || process.pidNamespace() != pidNamespace()) {
      return State.UNKNOWN;
    }
    return aliveHere(process) ? State.ALIVE : State.DEAD;
  }

  /** Whether both were started since the same boot of one host. */
  static boolean sameBoot(ProcessIdentity process) throws IOException {
    return process.bootId().equals(bootId());
  }

  private static boolean aliveHere(ProcessIdentity process) throws IOException {
    String[] stat = stat(process.pid());
    if (stat == null || Long.parseLong(stat[19]) != process.startTime()) {
      return false;
    }
    // A killed leader is a zombie before its last thread is through with a write.
    return !(stat[0].equals("Z") || stat[0].equals("X")) || otherThreads(process.pid());
  }

  private static boolean otherThreads(long pid) throws IOException {
    try (DirectoryStream<Path> tasks =
        Files.newDirectoryStream(PROC.resolve(Long.toString(pid)).resolve("task"))) {
      for (Path task : tasks) {
        if (!task.getFileName().toString().equals(Long.toString(pid))) {
          return true;
        }
      }
      return false;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static long startTime(long pid) throws IOException {
    String[] stat = stat(pid);
    if (stat == null) {
      throw new IOException("/proc/" + pid + "/stat is missing: is /proc mounted?");
    }
    return Long.parseLong(stat[19]);
  }

  /** Fields of /proc/PID/stat from field 3 (state) on, or null where the process is gone. */
  private static String[] stat(long pid) throws IOException {
    String line;
    try {
      line = Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"));
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      // ESRCH: it went between open and read.
      if (!Files.exists(PROC.resolve(Long.toString(pid)))) {
        return null;
      }
      throw e;
    }
    // The command name in field 2 may hold blanks and parentheses.
    return line.substring(line.lastIndexOf(')') + 2).trim().split(" ");
  }

  private static UUID bootId() throws IOException {
    return UUID.fromString(Files.readString(PROC.resolve("sys/kernel/random/boot_id")).trim());
  }

  private static long pidNamespace() throws IOException {
    String link = Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString();
    return Long.parseLong(link.substring(link.indexOf('[') + 1, link.indexOf(']')));
  }
}
