package org.jclusterfs.system;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jclusterfs.core.status.MountStatus;

/** One node of a cluster on this machine: a mount made by mount(8), and the daemon behind it. */
final class Node {

  /** Long enough for a mount that first has to recover dead slots. */
  private static final Duration MOUNT_LIMIT = Duration.ofSeconds(120);

  private final int number;
  private final Path directory;
  private final String device;
  private final String options;
  private final List<String> place;
  private final boolean byHelpers;

  /** A node that is not mounted yet, on this host itself. */
  Node(int number, Path directory, String device, String options) {
    this(number, directory, device, options, List.of(), false);
  }

  /**
   * A node that is not mounted yet.
   *
   * @param options as after mount's -o, or empty
   * @param place the words before a command that runs it where this node is, or none for here
   * @param byHelpers whether this tree's helpers mount and unmount it themselves, so that the
   *     machine's mount(8) needs not know them
   */
  Node(
      int number,
      Path directory,
      String device,
      String options,
      List<String> place,
      boolean byHelpers) {
    this.place = place;
    this.byHelpers = byHelpers;
    this.number = number;
    this.directory = directory;
    this.device = device;
    this.options = options;
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int number() {
    return number;
  }

  /** Where it is mounted. */
  Path directory() {
    return directory;
  }

  /** What follows mount's -o, or "". */
  String options() {
    return options;
  }

  /** What its daemons say. */
  Path log() {
    return directory.resolveSibling(directory.getFileName() + ".log");
  }

  /** Lines of its log that have a text in them, from an offset on that {@link #logSize} gave. */
  List<String> logged(String text, long from) {
    try {
      byte[] all = Files.exists(log()) ? Files.readAllBytes(log()) : new byte[0];
      String tail = new String(all, (int) from, (int) (all.length - from), StandardCharsets.UTF_8);
      return tail.lines().filter(line -> line.contains(text)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Length of its log in bytes. */
  long logSize() {
    try {
      return Files.exists(log()) ? Files.size(log()) : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A path on it. */
  Path path(String relative) {
    return directory.resolve(relative);
  }

  /** Mounts it, or fails with what mount(8) said. */
  Node mount() {
    tryMount().orFail();
    return this;
  }

  /** Mounts it by mount(8), as somebody at a shell would, or by the helper. */
  Outcome tryMount() {
    List<String> command = new ArrayList<>(place);
    if (byHelpers) {
      command.add(ProjectTree.command("mount.jclusterfs").toString());
    } else {
      MountLinks.ensure();
      command.addAll(List.of("mount", "-t", "jclusterfs"));
    }
    command.addAll(List.of(device, directory.toString(), "-o"));
    command.add((options.isEmpty() ? "" : options + ",") + "log=" + log());
    return Commands.run(MOUNT_LIMIT, command);
  }

  /** Unmounts it, or fails with what umount(8) or the helper said. */
  void unmount() {
    tryUnmount().orFail();
  }

  /** Unmounts it. */
  Outcome tryUnmount() {
    if (byHelpers) {
      String helper = ProjectTree.command("umount.jclusterfs").toString();
      return Commands.run(helper, directory.toString());
    }
    MountLinks.ensure();
    return Commands.run("umount", directory.toString());
  }

  /** What its daemon tells of itself. */
  MountStatus status() {
    String command = ProjectTree.command("jclusterfs").toString();
    Outcome told = Commands.run(command, "status", "--json", directory.toString()).orFail();
    return new Gson().fromJson(told.out(), MountStatus.class);
  }

  /** Removes the mount of a node whose daemon was killed. */
  void clearDeadMount() {
    if (!isMounted()) {
      return; // what watches over the daemon was quicker
    }
    Commands.run("umount", "-i", "-l", directory.toString());
    if (isMounted()) {
      throw new IllegalStateException(directory + " stays mounted after its daemon was killed");
    }
  }

  /** Whether the kernel has a mount there, dead or alive. */
  boolean isMounted() {
    try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
      return mounts.anyMatch(line -> line.split(" ")[1].equals(directory.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Kills the daemon with SIGKILL, like a host that loses its power. */
  void kill() {
    long pid = daemon();
    ProcessHandle handle = ProcessHandle.of(pid).orElseThrow();
    handle.destroyForcibly();
  }

  /** Stops a daemon by SIGSTOP; returns when none of its threads runs any more. */
  static void stop(long daemon) {
    Commands.run("kill", "-STOP", Long.toString(daemon)).orFail();
    Path threads = Path.of("/proc", Long.toString(daemon), "task");
    for (int tries = 0; tries < 2000; tries++) {
      try (Stream<Path> each = Files.list(threads)) {
        if (each.allMatch(Node::isStopped)) {
          return;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Checks.pause(5);
    }
    throw new IllegalStateException("process " + daemon + " runs on after SIGSTOP");
  }

  private static boolean isStopped(Path thread) {
    try {
      String stat = Files.readString(thread.resolve("stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) == 'T';
    } catch (IOException e) {
      return true; // it ended
    }
  }

  /** Lets a stopped daemon go on. */
  static void goOn(long daemon) {
    Commands.run("kill", "-CONT", Long.toString(daemon)).orFail();
  }

  /** The process that serves the mount: a Java that has this directory among its arguments. */
  long daemon() {
    List<Long> found;
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      found =
          processes
              .filter(p -> p.getFileName().toString().chars().allMatch(Character::isDigit))
              .filter(this::isDaemon)
              .map(p -> Long.parseLong(p.getFileName().toString()))
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (found.size() != 1) {
      throw new IllegalStateException("expected one daemon of " + directory + ", found " + found);
    }
    return found.get(0);
  }

  private boolean isDaemon(Path process) {
    try {
      String[] arguments =
          new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.UTF_8)
              .split("\0");
      return arguments[0].endsWith("java")
          && Arrays.stream(arguments).anyMatch(a -> a.startsWith("org.jclusterfs.mount."))
          && Arrays.asList(arguments).contains(directory.toString())
          && holdsFuse(process);
    } catch (IOException e) {
      return false; // it ended
    }
  }

  private static boolean holdsFuse(Path process) throws IOException {
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
      return descriptors.anyMatch(
          d -> {
            try {
              return Files.readSymbolicLink(d).toString().equals("/dev/fuse");
            } catch (IOException e) {
              return false; // closed meanwhile
            }
          });
    }
  }

  @Override
  public String toString() {
    return "node " + number;
  }
}
