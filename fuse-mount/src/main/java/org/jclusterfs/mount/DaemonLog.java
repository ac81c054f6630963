package org.jclusterfs.mount;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Where the lines of a mount's log go, and what they say beside their message: the process and the
 * directory, since several mounts share a log. The launcher has opened the file; with {@code
 * log=syslog} lines go to the host's log daemon, in the format of syslog(3) (RFC 3164 without a
 * host name), and to the file only what that does not take.
 */
final class DaemonLog {

  /** Where syslogd or journald listens. */
  static final Path SYSLOG = Path.of("/dev/log");

  private static final long PID = ProcessHandle.current().pid();
  private static final DateTimeFormatter FILE_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
  private static final DateTimeFormatter SYSLOG_TIME =
      DateTimeFormatter.ofPattern("MMM ppd HH:mm:ss", Locale.ROOT);

  private DaemonLog() {}

  /** Names process and mount in each line from now on; {@code debug}: more of them. */
  static void begin(Path directory, boolean debug) {
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      handler.setFormatter(new LineFormat(directory));
      if (debug) {
        handler.setLevel(Level.FINE);
      }
    }
    if (debug) {
      Logger.getLogger("org.jclusterfs").setLevel(Level.FINE);
    }
  }

  /**
   * Sends the lines to the host's log daemon.
   *
   * @throws IOException if there is none
   */
  static void toSyslog(Path directory, Path socket) throws IOException {
    Logger root = Logger.getLogger("");
    SyslogHandler syslog = new SyslogHandler(SyslogSocket.connect(socket), directory);
    for (Handler handler : root.getHandlers()) {
      if (handler instanceof ConsoleHandler) {
        syslog.otherwise(handler);
        root.removeHandler(handler);
      }
    }
    root.addHandler(syslog);
  }

  /** {@code 2026-01-31 12:00:00 INFO [4711 /mnt] text}; an exception's trace follows. */
  static final class LineFormat extends Formatter {
    private final Path directory;

    LineFormat(Path directory) {
      this.directory = directory;
    }

    @Override
    public String format(LogRecord line) {
      return FILE_TIME.format(time(line))
          + " "
          + line.getLevel().getName()
          + " ["
          + PID
          + " "
          + directory
          + "] "
          + text(this, line)
          + System.lineSeparator();
    }
  }

  /** Hands lines to the log daemon, and to another handler what that does not take. */
  static final class SyslogHandler extends Handler {
    private static final int FACILITY_DAEMON = 3 << 3;

    /** What every log daemon takes in one message. */
    private static final int LONGEST = 2048;

    private final SyslogSocket socket;
    private final Path directory;
    private Handler otherwise;

    SyslogHandler(SyslogSocket socket, Path directory) {
      this.socket = socket;
      this.directory = directory;
      setFormatter(new LineFormat(directory));
    }

    /** Where lines go that the log daemon does not take; its level holds for this one, too. */
    void otherwise(Handler handler) {
      otherwise = handler;
      setLevel(handler.getLevel());
    }

    @Override
    public void publish(LogRecord line) {
      if (!isLoggable(line)) {
        return;
      }
      boolean taken = true;
      for (String part : text(getFormatter(), line).split("\\R")) {
        taken &= socket.send(message(line, part));
      }
      if (!taken && otherwise != null) {
        otherwise.publish(line);
      }
    }

    private byte[] message(LogRecord line, String part) {
      String whole =
          "<%d>%s jclusterfs[%d]: %s: %s"
              .formatted(
                  FACILITY_DAEMON | severity(line.getLevel()),
                  SYSLOG_TIME.format(time(line)),
                  PID,
                  directory,
                  part);
      byte[] bytes = whole.getBytes(StandardCharsets.UTF_8);
      return bytes.length <= LONGEST ? bytes : Arrays.copyOf(bytes, LONGEST);
    }

    private static int severity(Level level) {
      if (level.intValue() >= Level.SEVERE.intValue()) {
        return 3;
      }
      if (level.intValue() >= Level.WARNING.intValue()) {
        return 4;
      }
      return level.intValue() >= Level.INFO.intValue() ? 6 : 7;
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      socket.close();
    }
  }

  private static ZonedDateTime time(LogRecord line) {
    return line.getInstant().atZone(ZoneId.systemDefault());
  }

  private static String text(Formatter formatter, LogRecord line) {
    String message = formatter.formatMessage(line);
    if (line.getThrown() == null) {
      return message;
    }
    StringWriter trace = new StringWriter();
    line.getThrown().printStackTrace(new PrintWriter(trace, true));
    return message + System.lineSeparator() + trace.toString().stripTrailing();
  }
}
