package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.Posix;

/**
 * The threads that read requests; each runs a request to its end. At least {@link #FREE} of them
 * wait for a request at any time, since a notice or a handler may need another request served
 * before it can go on; so the pool grows as handlers block, up to {@link #MOST}. A thread that
 * finds {@link #IDLE} others waiting ends. Thread-safe.
 */
final class ReaderPool {
  static final int FREE = 2;
  static final int IDLE = 8;

  /**
   * Bound against runaway growth only. Each blocked thread is a blocked process or a page read or
   * written in the background; memory of a reader is touched only by large requests.
   */
  static final int MOST = 8192;

  private static final int STACK_BYTES = 512 << 10;
  private static final System.Logger LOG = System.getLogger(ReaderPool.class.getName());

  private final FuseChannel channel;
  private final Dispatcher dispatcher;
  private final int requestBytes;
  private final int replyBytes;
  private final DyingProcesses processes;
  private final Runnable onGone;
  private final CountDownLatch ended = new CountDownLatch(1);
  private int total;
  private int waiting;
  private int number;
  private boolean closed;
  private boolean aborted;

  /** {@code onGone} runs once, when the connection is gone and requests may still wait. */
  ReaderPool(
      FuseChannel channel,
      Dispatcher dispatcher,
      int requestBytes,
      int replyBytes,
      DyingProcesses processes,
      Runnable onGone) {
    this.processes = processes;
    this.onGone = onGone;
    this.channel = channel;
    this.dispatcher = dispatcher;
    this.requestBytes = requestBytes;
    this.replyBytes = replyBytes;
  }

  synchronized void start() {
    while (waiting < FREE) {
      grow();
    }
  }

  /** Waits until the connection is gone and every request is answered. */
  void awaitEnd() throws InterruptedException {
    ended.await();
  }

  /** Whether the connection ended by an abort: the mount is there still, and dead. */
  synchronized boolean isAborted() {
    return aborted;
  }

  synchronized int total() {
    return total;
  }

  private void grow() {
    Thread thread = new Thread(null, this::run, "fuse-" + number++, STACK_BYTES);
    thread.setDaemon(true);
    total++;
    waiting++;
    thread.start();
  }

  private synchronized void taken() {
    waiting--;
    if (waiting < FREE && total < MOST && !closed) {
      grow();
    }
  }

  /** Whether the thread is to read on. */
  private synchronized boolean finished() {
    if (closed || waiting >= IDLE) {
      return false;
    }
    waiting++;
    return true;
  }

  private synchronized void left() {
    total--;
    if (closed && total == 0) {
      ended.countDown();
    }
  }

  private void gone(boolean byAbort) {
    boolean first;
    synchronized (this) {
      waiting--;
      first = !closed;
      closed = true;
      aborted |= byAbort;
    }
    if (first) {
      onGone.run();
    }
  }

  private void run() {
    ByteBuffer in = Posix.allocate(requestBytes);
    ByteBuffer out = Posix.allocate(replyBytes);
    Request request = new Request(channel, in, out);
    processes.add(request);
    try {
      boolean goOn = true;
      while (goOn) {
        int size = channel.read(request.input());
        if (size >= 0) {
          taken();
          request.begin(size);
          dispatcher.dispatch(request);
          goOn = finished();
        } else {
          goOn = passing(-size);
        }
      }
    } finally {
      processes.remove(request);
      Posix.free(in);
      Posix.free(out);
      left();
    }
  }

  private boolean passing(int errno) {
    if (errno == Errno.EINTR || errno == Errno.EAGAIN || errno == Errno.ENOENT) {
      return true;
    }
    if (errno != Errno.ENODEV && errno != Errno.ECONNABORTED) {
      LOG.log(System.Logger.Level.ERROR, "reading /dev/fuse: {0}", Errno.describe(errno));
    }
    gone(errno == Errno.ECONNABORTED);
    return false;
  }
}
