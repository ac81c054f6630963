package org.jclusterfs.fsck;

import java.io.PrintStream;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/** Tells what is found and decides, by the mode, whether it is repaired. Used by one thread. */
final class Report {
  private final PrintStream out;
  private final Mode mode;
  private final Predicate<String> asker;
  private final Map<Problem, Integer> found = new EnumMap<>(Problem.class);
  private int left;
  private int corrected;

  Report(PrintStream out, Mode mode, Predicate<String> asker) {
    this.out = out;
    this.mode = mode;
    this.asker = asker;
  }

  Mode mode() {
    return mode;
  }

  void pass(String name) {
    if (mode != Mode.PREEN) {
      out.println(name);
    }
  }

  void say(String line) {
    out.println(line);
  }

  /**
   * Reports a problem.
   *
   * @param arguments of its text
   * @return whether the caller is to repair it now
   * @throws ManualRunNeededException in a -p run, where the repair wants a decision
   */
  boolean fix(Problem problem, Object... arguments) {
    found.merge(problem, 1, Integer::sum);
    String line =
        problem.name() + ": " + String.format(Locale.ROOT, problem.text(), arguments) + ".";
    boolean fix =
        switch (mode) {
          case NO -> false;
          case YES -> true;
          case PREEN -> problem.safe();
          case ASK -> asker.test(line + " Fix: " + repair(problem, arguments) + "?");
        };
    if (mode != Mode.ASK) {
      out.println(line + (fix ? " Fixed: " + repair(problem, arguments) + "." : ""));
    }
    if (fix) {
      corrected++;
    } else {
      left++;
    }
    if (!fix && mode == Mode.PREEN) {
      throw new ManualRunNeededException(problem);
    }
    return fix;
  }

  /**
   * Reports a problem that is not repaired.
   *
   * @param why no repair is safe, for people
   */
  void leave(Problem problem, String why, Object... arguments) {
    found.merge(problem, 1, Integer::sum);
    left++;
    out.println(
        problem.name()
            + ": "
            + String.format(Locale.ROOT, problem.text(), arguments)
            + ". Not repaired: "
            + why
            + ".");
    if (mode == Mode.PREEN) {
      throw new ManualRunNeededException(problem);
    }
  }

  private static String repair(Problem problem, Object... arguments) {
    return String.format(Locale.ROOT, problem.repair(), arguments);
  }

  int left() {
    return left;
  }

  int corrected() {
    return corrected;
  }

  Map<Problem, Integer> found() {
    return found;
  }
}
