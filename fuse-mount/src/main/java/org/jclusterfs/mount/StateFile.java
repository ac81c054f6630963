package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * /run/jclusterfs/PID while a daemon lives, by which umount's helper finds it: lines {@code
 * directory=}, {@code source=}, {@code connection=} (minor device number) and {@code start=} (start
 * time of the process, field 22 of proc(5)'s stat).
 */
final class StateFile implements AutoCloseable {
  private static final Path RUN = Path.of("/run/jclusterfs");

  private final Path file;

  private StateFile(Path file) {
    this.file = file;
  }

  static StateFile write(String source, Path directory, int connection) throws IOException {
    Files.createDirectories(RUN);
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String start = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
    Path file = RUN.resolve(Long.toString(ProcessHandle.current().pid()));
    Path draft = RUN.resolve("." + file.getFileName());
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
