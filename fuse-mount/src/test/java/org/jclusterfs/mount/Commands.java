package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.cluster.VolumeUsage;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.VolumeFormatter;

/**
 * A volume in a file and the commands of bin/ that mount it, run on this build's classes; needs
 * root and /dev/fuse. Whatever is mounted under the directory is unmounted at the end.
 */
final class Commands implements AutoCloseable {
  private static final Path BIN = Path.of("..", "bin").toAbsolutePath().normalize();
  private static final int SECONDS = 60;

  /** What a command came to: its exit status and all that it printed. */
  record Outcome(int status, String text) {}

  final Path directory;
  final String volume;

  Commands(Path directory, int slots) throws IOException {
    this.directory = directory.toRealPath();
    Path file = directory.resolve("volume");
    try (var created = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      created.setLength(256L << 20);
    }
    volume = "file:" + file;
    try (BlockDevice device = Devices.open(DeviceSpec.of(volume))) {
      VolumeFormatter.format(device, FormatOptions.defaults().withSlots(slots));
    }
  }

  /** A directory to mount on. */
  Path place(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  Outcome mount(Path on, String... options) throws Exception {
    return mount(volume, on, options);
  }

  Outcome mount(String source, Path on, String... options) throws Exception {
    String all = String.join(",", options);
    return run(
        BIN.resolve("mount.jclusterfs").toString(),
        source,
        on.toString(),
        "-o",
        "rw,_netdev,log=" + directory.resolve("log") + (all.isEmpty() ? "" : "," + all));
  }

  Outcome jclusterfs(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of(BIN.resolve("jclusterfs").toString()));
    all.addAll(List.of(words));
    return run(all.toArray(String[]::new));
  }

  Outcome umount(Path from, String... flags) throws Exception {
    List<String> words = new ArrayList<>();
    words.add(BIN.resolve("umount.jclusterfs").toString());
    words.add(from.toString());
    words.addAll(List.of(flags));
    return run(words.toArray(String[]::new));
  }

  Outcome shell(String script) throws Exception {
    return run("/bin/bash", "-c", "cd '" + directory + "'; export LC_ALL=C; " + script);
  }

  /** Runs a command; whoever keeps its output open, as a daemon must not, makes it time out. */
  Outcome run(String... words) throws Exception {
    Path output = Files.createTempFile(directory, "output", "");
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    // As mount(8) calls its helper: with next to nothing in the environment.
    builder.environment().clear();
    builder.environment().put("JCLUSTERFS_CLASS_PATH", System.getProperty("java.class.path"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    String options = System.getenv("JCLUSTERFS_JAVA_OPTS");
    if (options != null) {
      builder.environment().put("JCLUSTERFS_JAVA_OPTS", options);
    }
    Process process = builder.start();
    Thread reader =
        new Thread(
            () -> {
              try (var in = process.getInputStream()) {
                Files.write(output, in.readAllBytes());
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    reader.setDaemon(true);
    reader.start();
    reader.join(TimeUnit.SECONDS.toMillis(SECONDS));
    if (reader.isAlive() || !process.waitFor(1, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("no end within " + SECONDS + " s: " + String.join(" ", words));
    }
    String text = Files.readString(output, StandardCharsets.UTF_8).strip();
    Files.delete(output);
    return new Outcome(process.exitValue(), text);
  }

  /** Process id of the daemon of a mount. */
  long daemon(Path of) throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/run/jclusterfs"))) {
      for (Path file : files.filter(f -> f.getFileName().toString().matches("[0-9]+")).toList()) {
        long pid = Long.parseLong(file.getFileName().toString());
        try {
          if (Files.readAllLines(file).contains("directory=" + of) && lives(pid)) {
            return pid;
          }
        } catch (java.nio.file.NoSuchFileException e) {
          // A mount of somebody else that has just ended.
        }
      }
    }
    throw new AssertionError("no daemon serves " + of + "; its log: " + log());
  }

  String log() throws IOException {
    Path log = directory.resolve("log");
    return Files.exists(log) ? Files.readString(log) : "";
  }

  /** Whether a process exists and is no zombie. */
  static boolean lives(long pid) throws IOException {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (java.nio.file.NoSuchFileException e) {
      return false;
    }
  }

  static void awaitEnd(long pid) throws Exception {
    for (int i = 0; i < 2400; i++) {
      if (!lives(pid)) {
        return;
      }
      Thread.sleep(25);
    }
    throw new AssertionError("process " + pid + " does not end");
  }

  /** A process that waits for an exclusive flock, says so when it has it, and keeps it. */
  Process locker(Path file) throws IOException {
    String script =
        "import fcntl,sys; f=open(sys.argv[1]); fcntl.flock(f,2); print('locked',flush=True); input()";
    return new ProcessBuilder("python3", "-c", script, file.toString()).start();
  }

  /** Waits until a process is inside flock(2). */
  void awaitFlock(Process process) throws Exception {
    // Its number on x86-64 and on aarch64.
    while (!shell("cat /proc/" + process.pid() + "/syscall").text().matches("(73|32) .*")) {
      if (!process.isAlive()) {
        throw new AssertionError("it has ended");
      }
      Thread.sleep(20);
    }
  }

  void signal(String name, long pid) throws Exception {
    Outcome outcome = shell("kill -" + name + " " + pid);
    if (outcome.status() != 0) {
      throw new AssertionError(outcome.text());
    }
  }

  /** Who holds slots of the volume, dead or alive. */
  VolumeUsage usage() throws IOException {
    try (BlockDevice device = Devices.open(DeviceSpec.of(volume))) {
      return VolumeUsage.inspect(device, ClusterVolume.of(Superblocks.readPrimary(device)));
    }
  }

  @Override
  public void close() throws Exception {
    for (int i = 0; i < 10; i++) {
      List<Path> mounted = MountTable.read().below(directory);
      if (mounted.isEmpty()) {
        return;
      }
      for (Path each : mounted) {
        try {
          signal("CONT", daemon(each));
        } catch (AssertionError e) {
          // Dead.
        }
        umount(each, "-f", "-l");
      }
    }
    throw new AssertionError("something stays mounted below " + directory);
  }
}
