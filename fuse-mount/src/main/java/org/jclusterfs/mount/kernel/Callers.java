package org.jclusterfs.mount.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What /proc tells of processes whose requests do not tell it. Thread-safe. */
final class Callers {
  private static final System.Logger LOG = System.getLogger(Callers.class.getName());
  private static final int CAP_FOWNER = 3;
  private static final String EFFECTIVE = "CapEff:";

  private Callers() {}

  /**
   * Whether a process, which waits for the answer to its request, may do to all files what their
   * owners may: it has CAP_FOWNER in the user namespace of this one.
   */
  static boolean actAsOwners(int pid) {
    Path process = Path.of("/proc", Integer.toString(pid));
    try {
      if (!Files.readSymbolicLink(process.resolve("ns/user"))
          .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/user")))) {
        return false;
      }
      for (String line : Files.readAllLines(process.resolve("status"))) {
        if (line.startsWith(EFFECTIVE)) {
          long capabilities =
              Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).strip(), 16);
          return (capabilities >>> CAP_FOWNER & 1) != 0;
        }
      }
    } catch (IOException | NumberFormatException e) {
      LOG.log(System.Logger.Level.DEBUG, "process {0} is not told: {1}", pid, e);
    }
    return false;
  }
}
