package org.jclusterfs.system;

import java.time.Duration;
import java.util.List;

/** What became of a command: exit status (124 when it ran out of time) and what it said. */
record Outcome(List<String> command, int status, String out, String err, Duration took) {

  /** This, if the command succeeded. */
  Outcome orFail() {
    if (status != 0) {
      throw new IllegalStateException(describe());
    }
    return this;
  }

  boolean succeeded() {
    return status == 0;
  }

  /** Both streams: for tools that are free to choose where they say it. */
  String said() {
    return out + err;
  }

  String describe() {
    return String.join(" ", command)
        + "\n  ended with status "
        + status
        + " after "
        + took.toMillis()
        + " ms"
        + (out.isBlank() ? "" : "\n  stdout: " + out.strip())
        + (err.isBlank() ? "" : "\n  stderr: " + err.strip());
  }
}
