package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jclusterfs.core.device.Devices;
import picocli.CommandLine;

/** Entry of fsck.jclusterfs. */
public final class FsckMain {

  /** Kept, since a logger that nobody holds forgets its level. */
  private static final Logger LOGGER = Logger.getLogger("org.jclusterfs");

  private FsckMain() {}

  /** Runs the tool and exits with its status, as fsck(8) defines it. */
  public static void main(String[] args) {
    LOGGER.setLevel(Level.WARNING);
    Predicate<String> asker = onTerminal() ? question -> ask(System.in, question) : null;
    int status = run(System.out, System.err, asker, args);
    System.out.flush();
    System.exit(status);
  }

  /**
   * Runs the tool and returns its exit status.
   *
   * @param asker answers questions; null: nobody is there to ask
   */
  static int run(PrintStream out, PrintStream err, Predicate<String> asker, String... args) {
    return run(out, err, asker, Devices::open, args);
  }

  /** As the other one, on a device that the caller opens. */
  static int run(
      PrintStream out,
      PrintStream err,
      Predicate<String> asker,
      FsckCommand.Opener opener,
      String... args) {
    CommandLine line = new CommandLine(new FsckCommand(out, err, asker, opener));
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(args);
  }

  private static boolean ask(InputStream in, String question) {
    System.out.print(question + " (y,N) ");
    System.out.flush();
    StringBuilder answer = new StringBuilder();
    try {
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        answer.append((char) c);
      }
    } catch (IOException e) {
      return false;
    }
    return answer.toString().strip().toLowerCase(Locale.ROOT).startsWith("y");
  }

  private static boolean onTerminal() {
    try {
      String input = Files.readSymbolicLink(Path.of("/proc/self/fd/0")).toString();
      return input.startsWith("/dev/pts/") || input.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }
}
