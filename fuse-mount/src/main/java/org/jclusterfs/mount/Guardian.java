package org.jclusterfs.mount;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A tiny shell beside the daemon that aborts the daemon's own FUSE connection when the daemon's
 * beat stops, since a daemon killed within a notice leaves its clients in D state for ever. The
 * shell holds the connection's abort file open from the start: however device numbers are used
 * again, it can reach no other connection. Ends with the daemon.
 */
final class Guardian implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Guardian.class.getName());
  private static final String SCRIPT =
      "cd /; exec 9>\"$1\" || exit 1; echo; "
          + "while IFS= read -r -t \"$2\" beat || "
          // A machine that was paused wakes both up: the daemon gets the time for one more beat.
          + "{ [ $? -gt 128 ] && IFS= read -r -t 5 beat; }; "
          + "do [ \"$beat\" = bye ] && exit 0; done; "
          + "echo 1 >&9";

  private final Process shell;
  private final OutputStream beats;
  private final Thread beating;
  private volatile boolean ended;

  private Guardian(Process shell) {
    this.shell = shell;
    this.beats = shell.getOutputStream();
    beating = new Thread(this::beat, "guardian-beat");
    beating.setDaemon(true);
    beating.start();
  }

  /** Starts one for a connection; null (and a line in the log) where fusectl is not to be had. */
  static Guardian start(int connection, int limitSeconds) {
    Path abort = ConnectionAbort.path(connection);
    if (!Files.exists(abort)) {
      LOG.log(System.Logger.Level.WARNING, "no guardian: {0} does not exist", abort);
      return null;
    }
    try {
      Process shell =
          new ProcessBuilder(
                  "/bin/bash",
                  "-c",
                  SCRIPT,
                  "jclusterfs-guardian",
                  abort.toString(),
                  Integer.toString(limitSeconds))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (shell.getInputStream().read() < 0) {
        LOG.log(System.Logger.Level.WARNING, "no guardian: it could not open {0}", abort);
        return null;
      }
      return new Guardian(shell);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "no guardian", e);
      return null;
    }
  }

  private void beat() {
    try {
      while (!ended) {
        say("beat\n");
        Thread.sleep(1000);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "the guardian is gone", e);
    } catch (InterruptedException ignored) {
      // Closed.
    }
  }

  private synchronized void say(String line) throws IOException {
    beats.write(line.getBytes());
    beats.flush();
  }

  @Override
  public void close() {
    ended = true;
    beating.interrupt();
    try {
      say("bye\n");
      beats.close();
      shell.waitFor();
    } catch (IOException | InterruptedException e) {
      LOG.log(System.Logger.Level.DEBUG, "the guardian was gone already", e);
    }
  }
}
