package org.jclusterfs.iscsi.tool;

import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
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
      measure(lun, places, Math.min(seconds, 1));
      long cpu = ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
      long start = System.nanoTime();
      long count = measure(lun, places, seconds);
      double time = (System.nanoTime() - start) / 1e9;
      cpu = ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() - cpu;
      tool.out()
          .println(
              String.format(
                  "%s %s of %d at depth %d: %.0f IOPS, %.1f MiB/s, %.1f us CPU per request",
                  sequential ? "sequential" : "random",
                  write ? "writes" : "reads",
                  block,
                  depth,
                  count / time,
                  count * (double) block / time / (1 << 20),
                  cpu / 1e3 / count));
      tool.out().flush();
    }
    return 0;
  }

  private long measure(Lun lun, long places, int duration) throws Exception {
    Semaphore free = new Semaphore(depth);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    ByteBuffer[] buffers = new ByteBuffer[depth];
    for (int i = 0; i < depth; i++) {
      buffers[i] = ByteBuffer.allocateDirect(block);
    }
    java.util.concurrent.ConcurrentLinkedQueue<ByteBuffer> idle =
        new java.util.concurrent.ConcurrentLinkedQueue<>(java.util.List.of(buffers));
    long count = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(duration);
    while (System.nanoTime() < end && failure.get() == null) {
      free.acquire();
      ByteBuffer buffer = idle.remove();
      long place = sequential ? count % places : ThreadLocalRandom.current().nextLong(places);
      CompletableFuture<Void> done =
          write ? lun.write(place * block, buffer) : lun.read(place * block, buffer);
      done.whenComplete(
          (nothing, e) -> {
            if (e != null) {
              failure.compareAndSet(null, e);
            }
            idle.add(buffer);
            free.release();
          });
      count++;
    }
    free.acquire(depth);
    if (failure.get() != null) {
      throw new IscsiException(failure.get().getMessage(), failure.get());
    }
    return count;
  }
}
