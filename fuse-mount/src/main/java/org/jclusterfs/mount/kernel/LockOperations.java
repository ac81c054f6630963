package org.jclusterfs.mount.kernel;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.RangeLocks.Range;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.vfs.Vfs.FlockMode;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.InHeader;
import org.jclusterfs.mount.protocol.Requests.LkIn;

/**
 * fcntl and flock requests. A wait for a lock may last for ever; so that such waits cannot use up
 * the readers, those beyond {@link #WAITS_ON_READERS} at once are passed to threads of their own.
 */
final class LockOperations {
  private static final int WAITS_ON_READERS = 64;
  private static final int MOST_WAITERS = 16384;
  private static final int STACK_BYTES = 256 << 10;

  private final Session session;
  private final Vfs vfs;
  private final AtomicInteger waitsOnReaders = new AtomicInteger();
  private final ThreadPoolExecutor waiters;

  LockOperations(Session session, Dispatcher dispatcher) {
    this.session = session;
    this.vfs = session.vfs();
    waiters =
        new ThreadPoolExecutor(
            0, MOST_WAITERS, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), this::thread);
    dispatcher.on(Opcode.GETLK, this::test);
    dispatcher.on(Opcode.SETLK, request -> set(request, false));
    dispatcher.on(Opcode.SETLKW, this::setWaiting);
    dispatcher.on(Opcode.INTERRUPT, this::interrupt);
  }

  private Thread thread(Runnable run) {
    Thread thread = new Thread(null, run, "lock-wait", STACK_BYTES);
    thread.setDaemon(true);
    return thread;
  }

  private void setWaiting(Request request) throws FsException {
    if (LkIn.at(request.input(), request.body()).type() == LkIn.UNLOCK) {
      set(request, false);
      return;
    }
    if (waitsOnReaders.incrementAndGet() <= WAITS_ON_READERS) {
      try {
        set(request, true);
      } finally {
        waitsOnReaders.decrementAndGet();
      }
      return;
    }
    waitsOnReaders.decrementAndGet();
    Request own = request.detached();
    try {
      waiters.execute(() -> Dispatcher.serve(r -> set(r, true), own));
    } catch (RejectedExecutionException e) {
      own.error(Errno.ENOLCK);
    }
  }

  private void set(Request request, boolean wait) throws FsException {
    LkIn in = LkIn.at(request.input(), request.body());
    OpenFile file = session.handles().get(in.fh());
    long unique = request.header().unique();
    boolean taken;
    if (wait) {
      Cancellation cancellation = session.interrupts().begin(unique);
      try {
        taken = take(file, in, true, cancellation);
      } finally {
        session.interrupts().end(unique);
      }
    } else {
      taken = take(file, in, false, Cancellation.NEVER);
    }
    if (taken) {
      request.ok();
    } else {
      request.error(Errno.EAGAIN);
    }
  }

  private boolean take(OpenFile file, LkIn in, boolean wait, Cancellation cancellation)
      throws FsException {
    if ((in.lkFlags() & Flags.LK_FLOCK) != 0) {
      return vfs.flock(file, in.owner(), flockMode(in.type()), wait, cancellation);
    }
    if (in.type() == LkIn.UNLOCK) {
      vfs.unlockRange(file, in.owner(), in.start(), in.end());
      return true;
    }
    return vfs.lockRange(file, range(in), wait, cancellation);
  }

  private static FlockMode flockMode(int type) throws FsException {
    return switch (type) {
      case LkIn.READ_LOCK -> FlockMode.SHARED;
      case LkIn.WRITE_LOCK -> FlockMode.EXCLUSIVE;
      case LkIn.UNLOCK -> FlockMode.UNLOCK;
      default -> throw new FsException(FsException.Failure.INVALID, "lock type " + type);
    };
  }

  private static Range range(LkIn in) {
    return new Range(in.start(), in.end(), in.type() == LkIn.WRITE_LOCK, in.owner(), in.pid());
  }

  private void test(Request request) throws FsException {
    LkIn in = LkIn.at(request.input(), request.body());
    Range found = vfs.testRange(session.handles().get(in.fh()), range(in));
    if (found == null) {
      Replies.lkOut(request.out(), in.start(), in.end(), LkIn.UNLOCK, 0);
    } else {
      int type = found.exclusive() ? LkIn.WRITE_LOCK : LkIn.READ_LOCK;
      Replies.lkOut(request.out(), found.start(), found.end(), type, found.pid());
    }
    request.reply();
  }

  private void interrupt(Request request) {
    request.noReply();
    session.interrupts().interrupt(request.input().getLong(InHeader.BYTES));
  }
}
