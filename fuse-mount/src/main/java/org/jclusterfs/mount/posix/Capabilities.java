package org.jclusterfs.mount.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What capabilities(7) a process has, as /proc tells. Asked about the caller of a request, who
 * waits for the answer: its id cannot be another's meanwhile.
 */
public final class Capabilities {
  /** CAP_LINUX_IMMUTABLE. */
  public static final int LINUX_IMMUTABLE = 9;

  /** CAP_SYS_ADMIN. */
  public static final int SYS_ADMIN = 21;

  private static final String EFFECTIVE = "CapEff:";

  private Capabilities() {}

  /**
   * Whether a process has a capability over this host. One of a user namespace of its own has none,
   * nor one that this process cannot see.
   *
   * @param pid process or thread; 0: not visible from here
   */
  public static boolean has(int pid, int capability) {
    Path process = Path.of("/proc", Integer.toString(pid));
    try {
      return pid > 0
          && userNamespace(process).equals(userNamespace(Path.of("/proc/self")))
          && (effective(process) & 1L << capability) != 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Path userNamespace(Path process) throws IOException {
    return Files.readSymbolicLink(process.resolve("ns/user"));
  }

  private static long effective(Path process) throws IOException {
    for (String line : Files.readAllLines(process.resolve("status"))) {
      if (line.startsWith(EFFECTIVE)) {
        return Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).trim(), 16);
      }
    }
    return 0;
  }
}
