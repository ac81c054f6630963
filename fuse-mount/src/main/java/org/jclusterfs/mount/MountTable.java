package org.jclusterfs.mount;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The mounts of this process's namespace, as /proc/self/mountinfo (proc(5)) lists them. */
public final class MountTable {

  /**
   * One mount.
   *
   * @param major of its device number
   * @param minor of its device number
   * @param directory mount point
   * @param type filesystem type
   * @param source device
   * @param options of the mount and of its filesystem, by commas
   */
  public record Mount(
      int major, int minor, Path directory, String type, String source, String options) {}

  private final List<Mount> mounts;

  private MountTable(List<Mount> mounts) {
    this.mounts = mounts;
  }

  /** Reads it. */
  public static MountTable read() {
    try {
      return parse(
          new String(Files.readAllBytes(Path.of("/proc/self/mountinfo")), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static MountTable parse(String text) {
    List<Mount> mounts = new ArrayList<>();
    for (String line : text.split("\n")) {
      String[] fields = line.split(" ");
      int dash = List.of(fields).indexOf("-");
      if (dash < 0 || fields.length < dash + 4) {
        continue;
      }
      String[] device = fields[2].split(":");
      mounts.add(
          new Mount(
              Integer.parseInt(device[0]),
              Integer.parseInt(device[1]),
              Path.of(unescape(fields[4])),
              fields[dash + 1],
              unescape(fields[dash + 2]),
              fields[dash + 3] + "," + fields[5]));
    }
    return new MountTable(mounts);
  }

  /** The uppermost mount on exactly this directory. */
  public Optional<Mount> top(Path directory) {
    return mounts.stream().filter(m -> m.directory().equals(directory)).reduce((a, b) -> b);
  }

  /** Mount points in a directory, at any depth. */
  public List<Path> below(Path directory) {
    return mounts.stream().map(Mount::directory).filter(d -> d.startsWith(directory)).toList();
  }

  /** Undoes the \ooo escapes of blanks and backslashes. */
  static String unescape(String field) {
    if (field.indexOf('\\') < 0) {
      return field;
    }
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '\\' && i + 3 < field.length()) {
        s.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        s.append(c);
      }
    }
    return s.toString();
  }
}
