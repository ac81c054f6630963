package org.jclusterfs.iscsi.tool;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Lun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "speed", description = "Measures reads, or writes that destroy the content.")
final class SpeedCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Option(names = "--depth", description = "requests at once (default: ${DEFAULT-VALUE})")
  private int depth = 32;

  @Option(names = "--block", description = "bytes per request (default: ${DEFAULT-VALUE})")
  private int block = 4096;

  @Option(names = "--seconds", description = "how long (default: ${DEFAULT-VALUE})")
  private int seconds = 5;

  @Option(names = "--sequential", description = "from the start on instead of at random")
  private boolean sequential;

  @Option(
      names = "--destroy-by-writing",
      description = "write instead of reading: what the LUN holds is lost")
  private boolean write;

  @Parameters(paramLabel = "DEVICE", description = "iscsi://[USER@]HOST[:PORT]/IQN/LUN")
  private String device;

  @Override
  public Integer call() throws Exception {
    try (Lun lun = tool.open(device)) {
      long places = lun.capacity().bytes() / block;
      if (depth < 1 || block < 1 || block % lun.capacity().blockSize() != 0 || places == 0) {
        throw new IscsiException("--depth or --block does not fit the LUN");
      }
      // First a while that does not count: the program is compiled as it runs.
      load(lun, places, Math.min(seconds, 2));
      RequestLoad.Result result = load(lun, places, seconds);
      double time = result.elapsedNanos() / 1e9;
      tool.out()
          .println(
              String.format(
                  "%s %s of %d at depth %d: %.0f IOPS, %.1f MiB/s, %.1f us CPU per request",
                  sequential ? "sequential" : "random",
                  write ? "writes" : "reads",
                  block,
                  depth,
                  result.requests() / time,
                  result.requests() * (double) block / time / (1 << 20),
                  result.cpuNanos() / 1e3 / result.requests()));
      tool.out()
          .println(
              String.format(
                  "latency in us: median %.0f, 90 %% %.0f, 99 %% %.0f, 99.9 %% %.0f",
                  result.percentile(0.5) / 1e3,
                  result.percentile(0.9) / 1e3,
                  result.percentile(0.99) / 1e3,
                  result.percentile(0.999) / 1e3));
      tool.out().flush();
    }
    return 0;
  }

  private RequestLoad.Result load(Lun lun, long places, int duration) throws IscsiException {
    return new RequestLoad(lun, write, sequential, block, places)
        .run(depth, Duration.ofSeconds(duration));
  }
}
