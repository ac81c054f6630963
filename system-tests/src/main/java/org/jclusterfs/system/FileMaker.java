package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A thread that makes files in a directory until it is told to end or fails. Thread-safe. */
final class FileMaker implements AutoCloseable {

  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicLong last = new AtomicLong(System.nanoTime());
  private final AtomicLong longest = new AtomicLong();
  private final Thread thread;

  private FileMaker(Path directory, String name) {
    thread = new Thread(() -> make(directory), name);
  }

  /** Starts one. */
  static FileMaker start(Path directory, String name) {
    FileMaker maker = new FileMaker(directory, name);
    maker.thread.start();
    return maker;
  }

  private void make(Path directory) {
    try {
      for (long n = 0; !ended.get(); n++) {
        Files.createFile(directory.resolve("file-" + n));
        long now = System.nanoTime();
        longest.accumulateAndGet(now - last.getAndSet(now), Math::max);
      }
    } catch (IOException e) {
      // its node was killed
    }
  }

  /** The longest time between two files since the last call; the present one counts. */
  Duration takeLongestPause() {
    long present = System.nanoTime() - last.get();
    return Duration.ofNanos(Math.max(present, longest.getAndSet(0)));
  }

  @Override
  public void close() {
    ended.set(true);
    try {
      thread.join(60_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
