package org.jclusterfs.mkfs;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Predicate;

/** Where the tool speaks and asks. */
final class Console {
  private final PrintStream out;
  private final PrintStream err;
  private final Predicate<String> asker;

  Console(PrintStream out, PrintStream err, InputStream in) {
    this(out, err, onTerminal() ? question -> ask(out, in, question) : null);
  }

  /** With an answerer of yes-or-no questions; null: nobody is there to ask. */
  Console(PrintStream out, PrintStream err, Predicate<String> asker) {
    this.out = out;
    this.err = err;
    this.asker = asker;
  }

  PrintStream out() {
    return out;
  }

  PrintWriter outWriter() {
    return new PrintWriter(out, true);
  }

  PrintWriter errWriter() {
    return new PrintWriter(err, true);
  }

  void error(String message) {
    err.println("mkfs.jclusterfs: " + message);
  }

  boolean canAsk() {
    return asker != null;
  }

  boolean confirm(String question) {
    return asker.test(question);
  }

  private static boolean ask(PrintStream out, InputStream in, String question) {
    out.print(question + " (y,N) ");
    out.flush();
    StringBuilder answer = new StringBuilder();
    try {
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        answer.append((char) c);
      }
    } catch (IOException e) {
      return false;
    }
    String given = answer.toString().strip().toLowerCase(Locale.ROOT);
    return given.equals("y") || given.equals("yes");
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
