package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads that each write 4 KiB and fsync their own file, against one thread that does it alone, on
 * a mount: what group commit gains.
 */
final class FsyncBench {

  private static final int BLOCK = 4096;
  private static final int WARM_UP_SECONDS = 8;

  private final Target.Kind kind;
  private final int seconds;
  private final int threads;
  private final String options;

  FsyncBench(Target.Kind kind, int seconds, int threads, String options) {
    this.kind = kind;
    this.seconds = seconds;
    this.threads = threads;
    this.options = options;
  }

  private enum Load {
    /** The same block again and again. */
    OVERWRITE,
    /** A new block each time. */
    APPEND
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "4G")) {
      List<String> format =
          new ArrayList<>(List.of(ProjectTree.command("mkfs.jclusterfs").toString()));
      format.addAll(target.toolArguments());
      format.add(target.device());
      Commands.run(Duration.ofSeconds(60), format).orFail();
      Path directory = Files.createDirectories(WorkDirectory.make("mount").resolve("mnt"));
      mount(target, directory);
      try {
        // Until the daemon's code is compiled its compiler takes as much as its work.
        for (Load load : Load.values()) {
          measure(directory, load, threads, WARM_UP_SECONDS, false);
        }
        System.out.printf("%-10s %8s %12s %9s%n", "load", "threads", "fsyncs/s", "ms each");
        for (Load load : Load.values()) {
          double alone = measure(directory, load, 1, seconds, true);
          double together = measure(directory, load, threads, seconds, true);
          System.out.printf("%-10s ratio %.1f%n", load, together / alone);
        }
      } finally {
        Commands.run(ProjectTree.command("umount.jclusterfs").toString(), directory.toString())
            .orFail();
      }
    }
  }

  private void mount(Target target, Path directory) {
    String all = options;
    if (kind != Target.Kind.FILE) {
      all = "initiator=" + target.initiator(0) + (all.isEmpty() ? "" : "," + all);
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                ProjectTree.command("mount.jclusterfs").toString(),
                target.device(),
                directory.toString()));
    if (!all.isEmpty()) {
      command.addAll(List.of("-o", all));
    }
    Commands.run(Duration.ofSeconds(60), command).orFail();
  }

  /** Fsyncs per second of all threads together. */
  private static double measure(
      Path directory, Load load, int threads, int seconds, boolean print) {
    AtomicLong done = new AtomicLong();
    AtomicBoolean stop = new AtomicBoolean();
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Path file = directory.resolve(load + "-" + i);
      Thread worker = new Thread(() -> work(file, load, done, stop));
      workers.add(worker);
    }
    long begin = System.nanoTime();
    workers.forEach(Thread::start);
    try {
      Thread.sleep(seconds * 1000L);
      stop.set(true);
      for (Thread worker : workers) {
        worker.join();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    double rate = done.get() / ((System.nanoTime() - begin) / 1e9);
    if (print) {
      System.out.printf("%-10s %8d %12.0f %9.2f%n", load, threads, rate, 1000 * threads / rate);
    }
    return rate;
  }

  private static void work(Path path, Load load, AtomicLong done, AtomicBoolean stop) {
    byte[] data = new byte[BLOCK];
    Arrays.fill(data, (byte) 7);
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; !stop.get(); at += load == Load.APPEND ? BLOCK : 0) {
        file.write(ByteBuffer.wrap(data), at);
        file.force(true);
        done.incrementAndGet();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
