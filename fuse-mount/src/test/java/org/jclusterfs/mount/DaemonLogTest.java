package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Lines of the log, to a file and to a log daemon on a socket of its own. */
@Timeout(60)
class DaemonLogTest {
  private static final Path MOUNT = Path.of("/mnt/vol ume");
  private static final long PID = ProcessHandle.current().pid();

  @TempDir Path temporary;

  /** Prints each datagram that comes, as Python shows it. */
  private Process listen(Path socket) throws Exception {
    Files.deleteIfExists(socket);
    String script =
        "import socket,sys; s=socket.socket(1,2); s.bind(sys.argv[1]); print('up',flush=True)\n"
            + "while True: print(repr(s.recv(9000).decode()),flush=True)";
    Process daemon =
        new ProcessBuilder("/usr/bin/python3", "-c", script, socket.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertEquals("up", daemon.inputReader().readLine());
    return daemon;
  }

  private static LogRecord line(Level level, String text) {
    return new LogRecord(level, text);
  }

  @Test
  void linesOfAFileNameProcessAndMount() {
    LogRecord line = line(Level.WARNING, "slot {0} is dead");
    line.setParameters(new Object[] {"3"});
    String text = new DaemonLog.LineFormat(MOUNT).format(line);
    String wanted = "WARNING [" + PID + " /mnt/vol ume] slot 3 is dead" + System.lineSeparator();
    assertTrue(text.matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d (?s:.*)"), text);
    assertEquals(wanted, text.substring(20));
    line.setThrown(new IOException("gone"));
    assertTrue(new DaemonLog.LineFormat(MOUNT).format(line).contains("IOException: gone"));
  }

  @Test
  void linesReachTheLogDaemonAlsoWhenItWasStartedAnew() throws Exception {
    Path socket = temporary.resolve("log");
    List<String> kept = new ArrayList<>();
    Handler otherwise =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            kept.add(line.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    otherwise.setLevel(Level.INFO);
    Process daemon = listen(socket);
    DaemonLog.SyslogHandler syslog =
        new DaemonLog.SyslogHandler(SyslogSocket.connect(socket), MOUNT);
    syslog.otherwise(otherwise);
    try (BufferedReader said = daemon.inputReader()) {
      syslog.publish(line(Level.FINE, "not asked for"));
      syslog.publish(line(Level.SEVERE, "first\nsecond ü"));
      assertMessage(27, "first", said.readLine());
      assertMessage(27, "second ü", said.readLine());
    }
    daemon.destroy();
    daemon.waitFor();
    syslog.publish(line(Level.WARNING, "nobody hears"));
    assertEquals(List.of("nobody hears"), kept);
    Process another = listen(socket);
    try (BufferedReader said = another.inputReader()) {
      syslog.publish(line(Level.INFO, "back"));
      assertMessage(30, "back", said.readLine());
    }
    another.destroy();
    syslog.close();
    assertEquals(1, kept.size());
  }

  private static void assertMessage(int priority, String text, String shown) {
    String pattern =
        "'<%d>[A-Z][a-z]{2} [ 1-3]\\d \\d\\d:\\d\\d:\\d\\d jclusterfs\\[%d]: /mnt/vol ume: %s'";
    assertTrue(shown.matches(pattern.formatted(priority, PID, text)), shown);
  }

  @Test
  void socketThatNobodyListensAtIsRefused() {
    Path none = temporary.resolve("none");
    String told = assertThrows(IOException.class, () -> SyslogSocket.connect(none)).getMessage();
    assertTrue(told.contains(none.toString()), told);
  }
}
