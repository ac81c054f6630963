package org.jclusterfs.iscsi.tool;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Phaser;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;

/**
 * A number of requests of one size that are always under way: each that completes is followed by
 * the next on the same event loop, so that no other thread's waking is measured with it.
 */
final class RequestLoad {

  /** Histogram steps per doubling of the latency: percentiles are right to 1/16. */
  private static final int STEPS = 16;

  private final Disk disk;
  private final boolean write;
  private final boolean sequential;
  private final int block;
  private final long places;
  private final Phaser running = new Phaser(1);
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong completed = new AtomicLong();
  private final AtomicLongArray latencies = new AtomicLongArray(64 * STEPS);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private volatile long end;

  /**
   * What came out.
   *
   * @param requests completed ones
   * @param elapsedNanos until the last had completed
   * @param cpuNanos processor time of this process meanwhile
   * @param latencies counts by {@link #step}
   */
  record Result(long requests, long elapsedNanos, long cpuNanos, AtomicLongArray latencies) {

    /** Latency in nanoseconds that so large a share of the requests did not exceed. */
    long percentile(double share) {
      long wanted = (long) Math.ceil(requests * share);
      for (int step = 0; step < latencies.length(); step++) {
        wanted -= latencies.get(step);
        if (wanted <= 0) {
          return upperBound(step);
        }
      }
      return 0;
    }
  }

  /**
   * A load that has not begun.
   *
   * @param block bytes per request, a multiple of the LUN's block size
   * @param places number of such blocks on the LUN
   */
  RequestLoad(Disk disk, boolean write, boolean sequential, int block, long places) {
    this.disk = disk;
    this.write = write;
    this.sequential = sequential;
    this.block = block;
    this.places = places;
  }

  /** Keeps {@code depth} requests under way for a time; waits for the last. Used once. */
  Result run(int depth, Duration time) throws IscsiException {
    long cpu = cpuNanos();
    long start = System.nanoTime();
    end = start + time.toNanos();
    for (int i = 0; i < depth; i++) {
      running.register();
      begin(ByteBuffer.allocateDirect(block));
    }
    running.arriveAndAwaitAdvance();
    if (failure.get() != null) {
      throw new IscsiException(failure.get().getMessage(), failure.get());
    }
    return new Result(completed.get(), System.nanoTime() - start, cpuNanos() - cpu, latencies);
  }

  private void begin(ByteBuffer buffer) {
    long place =
        sequential ? next.getAndIncrement() % places : ThreadLocalRandom.current().nextLong(places);
    long start = System.nanoTime();
    CompletableFuture<Void> request =
        write
            ? disk.write(place * block, buffer, Priority.ORDINARY)
            : disk.read(place * block, buffer, Priority.ORDINARY);
    request.whenComplete((nothing, e) -> ended(buffer, start, e));
  }

  private void ended(ByteBuffer buffer, long start, Throwable e) {
    long now = System.nanoTime();
    if (e != null) {
      failure.compareAndSet(null, e);
    } else {
      completed.incrementAndGet();
      latencies.incrementAndGet(step(now - start));
    }
    if (now - end < 0 && failure.get() == null) {
      begin(buffer);
    } else {
      running.arriveAndDeregister();
    }
  }

  private static int step(long nanos) {
    int doublings = 63 - Long.numberOfLeadingZeros(Math.max(nanos, STEPS));
    return doublings * STEPS + (int) (nanos >>> doublings - 4 & STEPS - 1);
  }

  private static long upperBound(int step) {
    int doublings = step / STEPS;
    return (1L << doublings) + ((step % STEPS + 1L) << doublings - 4);
  }

  private static long cpuNanos() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
  }
}
