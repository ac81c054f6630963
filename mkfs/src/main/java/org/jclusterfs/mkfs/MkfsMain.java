package org.jclusterfs.mkfs;

import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;

/** Entry of mkfs.jclusterfs. */
public final class MkfsMain {

  /** Kept, since a logger that nobody holds forgets its level. */
  private static final Logger LOGGER = Logger.getLogger("org.jclusterfs");

  private MkfsMain() {}

  /** Runs the tool and exits with its status: 0 made, 1 not made. */
  public static void main(String[] args) {
    LOGGER.setLevel(Level.WARNING);
    int status = run(new Console(System.out, System.err, System.in), args);
    System.out.flush();
    System.exit(status);
  }

  /** Runs the tool and returns its exit status. */
  static int run(Console console, String... args) {
    CommandLine line = new CommandLine(new MkfsCommand(console));
    line.setOut(console.outWriter());
    line.setErr(console.errWriter());
    return line.execute(args);
  }
}
