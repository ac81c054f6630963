package org.jclusterfs.system;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;

/**
 * A program that loads a device by all its paths, registered as a node is: it writes numbers to
 * blocks of its own, each block's next one only when the last was acknowledged, and reads them
 * again. Every tenth of a second it says how far it is: {@code acknowledged N slowest MS keys N},
 * and the paths. What is wrong it says as {@code FAULT …}, and ends.
 */
public final class MultipathLoad {

  private static final int THREADS = 8;
  private static final int BLOCKS = 32;
  private static final int BLOCK = 4096;
  private static final int SAY_MILLIS = 100;

  private final BlockDevice device;
  private final long base;
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong slowest = new AtomicLong();

  private MultipathLoad(BlockDevice device, int node) {
    this.device = device;
    this.base = (16L << 20) * (node + 1);
  }

  /**
   * Runs until it is killed.
   *
   * @param args DEVICE, initiator's name, number of the node, replacement timeout in seconds, seed
   */
  public static void main(String[] args) throws Exception {
    int node = Integer.parseInt(args[2]);
    DeviceSpec spec =
        new DeviceSpec(
            args[0],
            args[1],
            DeviceSpec.INITIATOR_FILE,
            DeviceSpec.SECRETS_FILE,
            Map.of("replacement_timeout", args[3]));
    BlockDevice device = Devices.open(spec);
    int slot = node + 1;
    if (!device.fencing().register(slot, (long) slot << 48 | 0xabcd)) {
      fault("the slot is taken");
    }
    device.fencing().requireWritable();
    new MultipathLoad(device, node).run(slot, Long.parseLong(args[4]));
  }

  private static synchronized void fault(String what) {
    System.out.println("FAULT " + what);
    System.out.flush();
    Runtime.getRuntime().halt(1);
  }

  private void run(int slot, long seed) throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int n = 0; n < THREADS; n++) {
      int number = n;
      Thread thread = new Thread(() -> load(number, new Random(seed + number)), "load-" + n);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    while (true) {
      Thread.sleep(SAY_MILLIS);
      List<Long> keys;
      try {
        keys = device.fencing().keysOf(slot);
      } catch (java.io.IOException e) {
        keys = null; // asked by a path that was just lost
      }
      if (keys != null && !keys.equals(Collections.singletonList((long) slot << 48 | 0xabcd))) {
        fault("registered are " + keys);
      }
      System.out.printf(
          "acknowledged %d slowest %d paths %s%n",
          acknowledged.get(),
          TimeUnit.NANOSECONDS.toMillis(slowest.getAndSet(0)),
          device.paths().stream()
              .map(path -> path.portal() + " " + path.state())
              .collect(Collectors.joining("; ")));
    }
  }

  private void load(int thread, Random random) {
    try {
      long[] last = new long[BLOCKS];
      ByteBuffer out = ByteBuffer.allocateDirect(BLOCK);
      ByteBuffer in = ByteBuffer.allocateDirect(BLOCK);
      for (long stamp = 1; ; stamp++) {
        int block = random.nextInt(BLOCKS);
        long offset = base + ((long) thread * BLOCKS + block) * BLOCK;
        for (int at = 0; at < BLOCK; at += 512) {
          out.putLong(at, stamp).putLong(at + 504, offset);
        }
        boolean durably = random.nextInt(20) == 0;
        timed(() -> durably ? device.writeDurably(offset, out) : device.write(offset, out));
        last[block] = stamp;
        acknowledged.incrementAndGet();
        int other = random.nextInt(BLOCKS);
        long place = base + ((long) thread * BLOCKS + other) * BLOCK;
        timed(() -> device.read(place, in));
        for (int at = 0; last[other] != 0 && at < BLOCK; at += 512) {
          if (in.getLong(at) != last[other] || in.getLong(at + 504) != place) {
            fault(
                "block at "
                    + (place + at)
                    + " holds number "
                    + in.getLong(at)
                    + ", the last acknowledged is "
                    + last[other]);
          }
        }
      }
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      fault(String.valueOf(e.getCause() == null ? e : e.getCause()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void timed(java.util.function.Supplier<? extends java.util.concurrent.Future<?>> request)
      throws ExecutionException, TimeoutException, InterruptedException {
    long begin = System.nanoTime();
    request.get().get(60, TimeUnit.SECONDS);
    long took = System.nanoTime() - begin;
    slowest.accumulateAndGet(took, Math::max);
  }
}
