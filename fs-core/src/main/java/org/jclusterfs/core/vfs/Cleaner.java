package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Keeps what this node changed on its way to its place, so that giving a lock away costs no write,
 * and the memory of unused inodes bounded.
 */
final class Cleaner implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Cleaner.class.getName());
  private static final long LONGEST_MILLIS = 150;

  private final VolumeState volume;
  private final long intervalMillis;
  private final Runnable onFailure;
  private final Thread thread = new Thread(this::work, "cleaner");
  private final CountDownLatch stopping = new CountDownLatch(1);

  /**
   * Makes one.
   *
   * @param commitMillis longest time that a change may stay uncommitted
   */
  Cleaner(VolumeState volume, long commitMillis, Runnable onFailure) {
    this.volume = volume;
    this.intervalMillis = Math.min(LONGEST_MILLIS, commitMillis);
    this.onFailure = onFailure;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void work() {
    while (true) {
      try {
        if (stopping.await(intervalMillis, TimeUnit.MILLISECONDS)) {
          return;
        }
        volume.transactions().journal().writeBackAll();
        if (volume.inodes().isFull()) {
          volume.inodes().sweep(volume.locks(), volume.transactions());
        }
      } catch (InterruptedException e) {
        return;
      } catch (IOException | RuntimeException e) {
        if (stopping.getCount() > 0) {
          LOG.log(
              System.Logger.Level.ERROR,
              "changes cannot be written: " + e,
              e instanceof IOException ? null : e);
          onFailure.run();
        }
        return;
      }
    }
  }

  @Override
  public void close() {
    // No interrupt: it would end a wait for the device half way.
    stopping.countDown();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
