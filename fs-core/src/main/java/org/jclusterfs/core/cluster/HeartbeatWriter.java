package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The thread that writes this node's heartbeat and, before each, reads its fence block. It stops
 * for ever when that block names this incarnation.
 */
final class HeartbeatWriter implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(HeartbeatWriter.class.getName());

  /** What the next heartbeat says, and who wants to know when it is on the disk. */
  interface Content {

    /**
     * The next beat's state, view and connections.
     *
     * @param state as {@link org.jclusterfs.core.format.Heartbeat#state}
     */
    record Status(int state, long view, BitSet connected) {}

    Status next();

    /** A beat submitted at that time, by {@link BootClock}, is on the disk. */
    void completed(long submittedAt);
  }

  private final SlotArea area;
  private final SlotInfo self;
  private final Content content;
  private final Consumer<IOException> onFenced;
  private final Thread thread;
  private long sequence;
  private boolean stop;
  private boolean hurry;

  /**
   * Makes a writer that is not started.
   *
   * @param onFenced called once, from the writer's thread, when others fenced this incarnation
   */
  HeartbeatWriter(SlotArea area, SlotInfo self, Content content, Consumer<IOException> onFenced) {
    this.area = area;
    this.self = self;
    this.content = content;
    this.onFenced = onFenced;
    thread = new Thread(this::run, "jclusterfs-heartbeat-" + self.slot());
    thread.setDaemon(true);
    thread.setPriority(Thread.MAX_PRIORITY);
  }

  void start() {
    thread.start();
  }

  /** Writes a beat at once, out of turn; used when the state changes. */
  synchronized void hurry() {
    hurry = true;
    notifyAll();
  }

  private void run() {
    int interval = area.volume().beatMillis();
    while (true) {
      long begun = System.nanoTime();
      try {
        if (!beat()) {
          return;
        }
      } catch (IOException e) {
        LOG.log(
            System.Logger.Level.WARNING,
            "heartbeat of slot {0} failed: {1}",
            self.slot(),
            e.getMessage());
        // Sooner than the next one is due: the lease runs.
        interval = Math.max(50, area.volume().beatMillis() / 4);
      }
      synchronized (this) {
        if (stop) {
          return;
        }
        long left = interval - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        interval = area.volume().beatMillis();
        if (left > 0 && !hurry) {
          try {
            wait(left);
          } catch (InterruptedException e) {
            return;
          }
        }
        hurry = false;
        if (stop) {
          return;
        }
      }
    }
  }

  private boolean beat() throws IOException {
    if (!SlotClaim.isStillHeldBy(area, self.slot(), self.incarnation())) {
      onFenced.accept(
          new IOException(
              "slot " + self.slot() + " was fenced by another node: it must not write"));
      return false;
    }
    // Before the content is taken: a beat counts as saying what is true since it was submitted.
    long submitted = BootClock.nanoTime();
    Content.Status status = content.next();
    SlotArea.await(area.writeBeat(beatOf(status)));
    content.completed(submitted);
    return true;
  }

  private synchronized Beat beatOf(Content.Status status) {
    return new Beat(
        self.slot(),
        status.state(),
        self.incarnation(),
        ++sequence,
        status.view(),
        area.volume().thresholdMillis(),
        status.connected());
  }

  /** Ends the thread; a beat under way may still land. */
  @Override
  public void close() {
    synchronized (this) {
      stop = true;
      notifyAll();
    }
    if (Thread.currentThread() != thread) {
      try {
        thread.join(2000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      // A device that does not answer must not hold the caller.
      thread.interrupt();
    }
  }

  /** After {@link #close}: tells everybody that this slot is no longer used. */
  void writeDown() throws IOException {
    // The view's number stays: the numbers of later views go on above it.
    SlotArea.await(
        area.writeBeat(beatOf(new Content.Status(0, content.next().view(), new BitSet()))));
  }
}
