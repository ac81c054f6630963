package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A number in a file that nodes raise in turn, each from what the one before it wrote. */
final class PingPong implements AutoCloseable {

  private static final long LIMIT_NANOS = 60_000_000_000L;

  private final List<FileChannel> files = new ArrayList<>();
  private final Thread thread = new Thread(this::run, "ping-pong");
  private long value;
  private Throwable failure;
  private volatile boolean ended;

  PingPong(List<Node> nodes) throws IOException {
    for (Node node : nodes) {
      files.add(
          FileChannel.open(
              node.path("ping-pong"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE));
    }
    thread.start();
  }

  private void run() {
    try {
      while (!ended) {
        for (FileChannel file : files) {
          ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
          file.read(number, 0);
          if (value != 0 && number.getLong(0) != value) {
            throw new IOException("read " + number.getLong(0) + " after " + value);
          }
          file.write(number.clear().putLong(0, value + 1), 0);
          raised();
        }
      }
    } catch (IOException | RuntimeException e) {
      synchronized (this) {
        failure = e;
        notifyAll();
      }
    }
  }

  private synchronized void raised() {
    value++;
    notifyAll();
  }

  /** Waits for so many more turns. */
  synchronized void awaitRounds(long count) {
    long goal = value + count;
    long end = System.nanoTime() + LIMIT_NANOS;
    while (value < goal) {
      if (failure != null || System.nanoTime() > end) {
        throw new AssertionError("the lock does not go on: " + value + " of " + goal, failure);
      }
      try {
        wait(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted", e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    ended = true;
    try {
      thread.join(LIMIT_NANOS / 1_000_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (FileChannel file : files) {
      file.close();
    }
  }
}
