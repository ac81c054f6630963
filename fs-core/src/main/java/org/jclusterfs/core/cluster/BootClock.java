package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A monotonic clock that also counts while the host sleeps, as CLOCK_BOOTTIME does: the JVM's own,
 * set forward by what /proc/uptime went ahead of it. Thread-safe.
 */
final class BootClock {

  private static final Path UPTIME = Path.of("/proc/uptime");
  // /proc/uptime counts in hundredths.
  private static final long TOLERANCE_NANOS = TimeUnit.MILLISECONDS.toNanos(30);
  private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final BootClock INSTANCE = new BootClock();

  private final FileChannel uptime;
  private volatile long checkedAt;
  private volatile long offset;

  private BootClock() {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(UPTIME);
    } catch (IOException e) {
      System.getLogger(BootClock.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "{0} cannot be read ({1}): a sleep of this host is not noticed by its lease",
              UPTIME,
              e.getMessage());
    }
    uptime = channel;
    checkedAt = System.nanoTime();
    if (uptime != null) {
      try {
        offset = readUptime() - System.nanoTime();
      } catch (IOException e) {
        offset = 0;
      }
    }
  }

  /** Now, in nanoseconds; only differences mean something. */
  static long nanoTime() {
    return INSTANCE.now();
  }

  private long now() {
    long now = System.nanoTime();
    if (uptime != null && now - checkedAt > CHECK_NANOS) {
      synchronized (this) {
        try {
          long ahead = readUptime() - (System.nanoTime() + offset);
          if (ahead > TOLERANCE_NANOS) {
            offset += ahead;
          }
        } catch (IOException ignored) {
          // The time that is known goes on.
        }
        checkedAt = now;
      }
    }
    return now + offset;
  }

  private long readUptime() throws IOException {
    ByteBuffer text = ByteBuffer.allocate(64);
    uptime.read(text, 0);
    String first =
        new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII).split(" ")[0];
    int dot = first.indexOf('.');
    return TimeUnit.SECONDS.toNanos(Long.parseLong(first.substring(0, dot)))
        + TimeUnit.MILLISECONDS.toNanos(10 * Long.parseLong(first.substring(dot + 1)));
  }
}
