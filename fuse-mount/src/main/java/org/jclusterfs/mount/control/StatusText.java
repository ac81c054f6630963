package org.jclusterfs.mount.control;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jclusterfs.core.status.ClusterStatus;
import org.jclusterfs.core.status.ContendedLock;
import org.jclusterfs.core.status.LockTypeStatus;
import org.jclusterfs.core.status.MountStatus;
import org.jclusterfs.core.status.PathStatus;
import org.jclusterfs.core.status.SlotStatus;

/** A mount's status for people. */
final class StatusText {
  private static final DateTimeFormatter SINCE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

  private final StringBuilder text = new StringBuilder();

  private StatusText() {}

  static String of(String directory, MountStatus status) {
    StatusText text = new StatusText();
    text.head(directory, status);
    text.paths(status.paths());
    text.slots(status.cluster());
    text.locks(status.locks());
    text.contended(status.contended());
    text.requests(status.requests());
    return text.text.toString();
  }

  private void line(String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  private void head(String directory, MountStatus status) {
    ClusterStatus cluster = status.cluster();
    line(
        "%s: volume %s%s on %s%s",
        directory,
        status.volume(),
        status.label().isEmpty() ? "" : " \"" + status.label() + "\"",
        status.device(),
        status.readOnly() ? ", read-only" : "");
    if (cluster.withdrawn() != null) {
      line("STOPPED: %s; operations fail with EIO: unmount and mount again", cluster.withdrawn());
    }
    if (cluster.clustered()) {
      line(
          "slot %d, view %d; a node is dead after %s without heartbeat (one each %s);"
              + " it stops itself after %s",
          cluster.slot(),
          cluster.view(),
          seconds(cluster.thresholdMillis()),
          seconds(cluster.heartbeatMillis()),
          seconds(cluster.selfStopMillis()));
    } else {
      line("slot %d, the only node (cluster=none)", cluster.slot());
    }
    line("fencing: %s", cluster.fencing());
  }

  private void paths(List<PathStatus> paths) {
    if (paths == null || paths.isEmpty()) { // null: from a daemon of an older version
      return;
    }
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "PORTAL",
          "TARGET",
          "SESSION",
          "STATE",
          "ACCESS",
          "PRIORITY",
          "USED",
          "WRITES",
          "IN FLIGHT",
          "ERRORS",
          "SINCE",
          "WHY"
        });
    for (PathStatus path : paths) {
      rows.add(
          new String[] {
            path.portal(),
            path.target(),
            path.session(),
            path.state(),
            path.access(),
            Integer.toString(path.priority()),
            path.inUse() ? "yes" : "no",
            path.writable() ? "yes" : "no",
            Integer.toString(path.inFlight()),
            Long.toString(path.errors()),
            path.since() == 0 ? "-" : SINCE.format(Instant.ofEpochSecond(path.since())),
            path.reason()
          });
    }
    text.append('\n');
    table(rows);
  }

  private void slots(ClusterStatus cluster) {
    if (cluster.slots().isEmpty()) {
      return;
    }
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "SLOT", "STATE", "HOST", "PID", "HEARTBEAT", "CONNECTED", "ADDRESS", "SINCE"
        });
    int free = 0;
    for (SlotStatus slot : cluster.slots()) {
      if (slot.state() == SlotStatus.State.FREE) {
        free++;
        continue;
      }
      boolean self = slot.slot() == cluster.slot();
      rows.add(
          new String[] {
            slot.slot() + (self ? "*" : ""),
            slot.state().name().toLowerCase(Locale.ROOT),
            slot.host(),
            Long.toString(slot.pid()),
            slot.heartbeatAgeMillis() == null
                ? "none"
                : seconds(slot.heartbeatAgeMillis()) + " ago",
            self ? "self" : slot.connected() ? "yes" : "no",
            slot.addresses().isEmpty()
                ? "-"
                : String.join(",", slot.addresses()) + " port " + slot.port(),
            SINCE.format(Instant.ofEpochSecond(slot.claimedAt()))
          });
    }
    text.append('\n');
    table(rows);
    line("%d of %d slots free", free, cluster.slots().size());
  }

  private void locks(List<LockTypeStatus> types) {
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "LOCKS",
          "CACHED",
          "WAITING",
          "LOCAL",
          "REQUESTS",
          "VALUES",
          "BLOCKING",
          "WAITS",
          "MEAN",
          "WORST"
        });
    for (LockTypeStatus type : types) {
      rows.add(
          new String[] {
            type.type().toLowerCase(Locale.ROOT),
            Long.toString(type.cached()),
            Long.toString(type.waiting()),
            Long.toString(type.localHits()),
            Long.toString(type.requests()),
            type.withValue() + type.withoutValue() == 0 ? "-" : Long.toString(type.withValue()),
            Long.toString(type.blocking()),
            Long.toString(type.waits()),
            type.waits() == 0 ? "-" : type.waitedMillis() / type.waits() + " ms",
            type.worstWaitMillis() + " ms"
          });
    }
    text.append('\n');
    table(rows);
  }

  private void requests(Map<String, Long> requests) {
    if (!requests.isEmpty()) {
      text.append('\n');
      line(
          "requests of the kernel: %s",
          requests.entrySet().stream()
              .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
              .map(e -> e.getKey() + " " + e.getValue())
              .collect(Collectors.joining(", ")));
    }
  }

  private void contended(List<ContendedLock> locks) {
    text.append('\n');
    if (locks.isEmpty()) {
      line("no lock was wanted by two");
      return;
    }
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"CONTENDED", "MODE", "WAITING", "WANTED", "BLOCKING", "WAITS", "PATH"});
    for (ContendedLock lock : locks) {
      rows.add(
          new String[] {
            lock.type().toLowerCase(Locale.ROOT) + " " + lock.id(),
            lock.mode(),
            lock.waiting() == 0 ? "-" : lock.waiting() + " for " + seconds(lock.waitingMillis()),
            lock.wantedByOther() ? "by others" : "-",
            Long.toString(lock.blocking()),
            lock.waits() == 0 ? "0" : lock.waits() + ", " + lock.waitedMillis() + " ms",
            lock.path() == null ? "" : lock.path()
          });
    }
    table(rows);
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
  }

  /** Columns of equal width, two blanks apart. */
  private void table(List<String[]> rows) {
    int columns = rows.get(0).length;
    int[] widths = new int[columns];
    for (String[] row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(row[i]).append(" ".repeat(widths[i] - row[i].length() + 2));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
  }
}
