package org.jclusterfs.iscsi.tool;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.scsi.PersistentReservations;
import org.jclusterfs.iscsi.scsi.PersistentReservations.Reservation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "speed",
    description = {
      "Measures reads, or writes that destroy the content.",
      "Tells requests and bytes per second, CPU time of this process per request, and how long"
          + " requests took."
    },
    footer = {
      "",
      "Example: iscsi speed --depth 8 --block 1M --sequential"
          + " iscsi://10.0.0.5/iqn.2026-01.com.example:disk/0"
    })
final class SpeedCommand implements Callable<Integer> {

  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};

  @ParentCommand private IscsiTool tool;

  @Option(names = "--depth", paramLabel = "N", description = "requests at once (default: 32)")
  private int depth = 32;

  @Option(
      names = "--block",
      paramLabel = "BYTES",
      description = "bytes per request, such as 4096, 64K, 1M (default: 4096)",
      converter = ByteCount.class)
  private int block = 4096;

  @Option(names = "--seconds", paramLabel = "N", description = "how long (default: 5)")
  private int seconds = 5;

  @Option(
      names = "--warm-up",
      paramLabel = "N",
      description =
          "seconds before those that count, while the program is compiled as it runs (default: 2)")
  private int warmUp = 2;

  @Option(names = "--sequential", description = "from the start on instead of at random")
  private boolean sequential;

  @Option(
      names = "--destroy-by-writing",
      description =
          "write instead of reading, after asking: what the LUN holds is lost; refused where keys"
              + " are registered, as by a mount")
  private boolean write;

  @Option(names = "--yes", description = "do not ask before --destroy-by-writing")
  private boolean yes;

  @Parameters(
      paramLabel = "DEVICE",
      description = IscsiTool.DEVICE,
      converter = IscsiTool.Device.class)
  private IscsiUrl device;

  @Override
  public Integer call() throws Exception {
    if (depth < 1 || depth > 1024 || seconds < 1 || warmUp < 0) {
      throw tool.wrongUsage("--depth is 1–1024, --seconds at least 1, and --warm-up not negative");
    }
    if (yes && !write) {
      throw tool.wrongUsage("--yes goes with --destroy-by-writing");
    }
    try (Disk disk = tool.open(device)) {
      int blockSize = disk.capacity().blockSize();
      long places = disk.capacity().bytes() / block;
      if (block % blockSize != 0 || places == 0) {
        throw tool.wrongUsage(
            "--block "
                + block
                + " does not fit the LUN: blocks of "
                + blockSize
                + " bytes, "
                + disk.capacity().bytes()
                + " bytes in all");
      }
      if (write) {
        requireUnused(disk);
        Confirmation.require(
            yes, "Write over " + device + "? What it holds is lost.", "nothing was written");
      }
      load(disk, places, warmUp);
      report(load(disk, places, seconds));
    }
    return 0;
  }

  /** Refuses a LUN that somebody has registered keys on, since it is most likely mounted. */
  private void requireUnused(Disk disk) throws IscsiException {
    // Each path is asked: targets that lead to one LUN need not share its keys.
    for (Lun nexus : disk.nexuses()) {
      String seen = rights(nexus.reservations());
      if (!seen.isEmpty()) {
        throw new IscsiException(
            "nothing was written: "
                + device
                + " is in use, "
                + seen
                + "; unmount it everywhere, and remove what then is left by 'iscsi keys --clear'");
      }
    }
  }

  /** The reservation and keys in words, "" where there are none. */
  private static String rights(PersistentReservations reservations) throws IscsiException {
    try {
      Reservation held = reservations.readReservation();
      int keys = reservations.readKeys().size();
      if (held == null && keys == 0) {
        return "";
      }
      return "it shows "
          + (held == null ? "no reservation" : "a reservation of type " + held.type())
          + " and "
          + keys
          + (keys == 1 ? " registered key" : " registered keys");
    } catch (ScsiException e) {
      if (e.isUnsupported()) {
        return ""; // a target without reservations
      }
      throw e;
    }
  }

  private void report(RequestLoad.Result result) {
    long count = result.requests();
    double time = result.elapsedNanos() / 1e9;
    double cpuMicros = result.cpuNanos() / 1e3 / count;
    double mebibytes = count * (double) block / time / (1 << 20);
    if (tool.isJson()) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("order", sequential ? "sequential" : "random");
      document.put("operation", write ? "write" : "read");
      document.put("blockBytes", block);
      document.put("depth", depth);
      document.put("seconds", time);
      document.put("requests", count);
      document.put("requestsPerSecond", count / time);
      document.put("mebibytesPerSecond", mebibytes);
      document.put("cpuMicrosPerRequest", cpuMicros);
      Map<String, Object> micros = new LinkedHashMap<>();
      for (double each : PERCENTILES) {
        micros.put(name(each), result.percentile(each / 100) / 1e3);
      }
      document.put("latencyMicros", micros);
      tool.print(document);
      return;
    }
    tool.out()
        .println(
            String.format(
                Locale.ROOT,
                "%s %s of %d at depth %d: %.0f IOPS, %.1f MiB/s, %.1f us CPU per request",
                sequential ? "sequential" : "random",
                write ? "writes" : "reads",
                block,
                depth,
                count / time,
                mebibytes,
                cpuMicros));
    tool.out()
        .println(
            String.format(
                Locale.ROOT,
                "latency in us: median %.0f, 90 %% %.0f, 99 %% %.0f, 99.9 %% %.0f, worst %.0f",
                result.percentile(0.5) / 1e3,
                result.percentile(0.9) / 1e3,
                result.percentile(0.99) / 1e3,
                result.percentile(0.999) / 1e3,
                result.percentile(1) / 1e3));
  }

  private static String name(double percentile) {
    return percentile == Math.rint(percentile)
        ? Integer.toString((int) percentile)
        : Double.toString(percentile);
  }

  private RequestLoad.Result load(Disk disk, long places, int duration) throws IscsiException {
    return new RequestLoad(disk, write, sequential, block, places)
        .run(depth, Duration.ofSeconds(duration));
  }
}
