package org.jclusterfs.mount.libfuse;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import jnr.ffi.Pointer;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.cluster.RangeLocks.Range;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.vfs.Vfs.FlockMode;
import org.jclusterfs.mount.CallOff;
import org.jclusterfs.mount.posix.Errno;
import ru.serce.jnrfuse.struct.Flock;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/**
 * fcntl and flock. libfuse tells of an interrupt only to the thread that serves the request, so
 * that thread looks for one while another waits for the lock.
 */
final class LockCallbacks {
  private static final int F_GETLK = 5;
  private static final int F_SETLKW = 7;
  private static final int LOCK_NB = 4;
  private static final int MOST_WAITERS = 16384;
  private static final int STACK_BYTES = 256 << 10;
  private static final int LOOK_MILLIS = 20;

  private final LibFuseSession session;
  private final Vfs vfs;
  private final ExecutorService waiters;

  LockCallbacks(LibFuseSession session, OperationTable table) {
    this.session = session;
    this.vfs = session.vfs();
    waiters =
        new ThreadPoolExecutor(
            0, MOST_WAITERS, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), LockCallbacks::thread);
    table.set(table.lock, RawCallbacks.PathLock.class, this::lock);
    table.set(table.flock, RawCallbacks.PathFileInt.class, this::flock);
  }

  private static Thread thread(Runnable run) {
    Thread thread = new Thread(null, run, "lock-wait", STACK_BYTES);
    thread.setDaemon(true);
    return thread;
  }

  private int lock(Pointer path, Pointer file, int command, Pointer memory) {
    return session.serve(
        "lock",
        () -> {
          OpenFile opened = session.file(file);
          Flock lock = Flock.of(memory);
          long owner = FuseFileInfo.of(file).lock_owner.longValue();
          long start = lock.l_start.longValue();
          long length = lock.l_len.longValue();
          long end = length == 0 ? Long.MAX_VALUE : start + length - 1;
          int type = lock.l_type.intValue();
          if (type == Flock.F_UNLCK && command != F_GETLK) {
            vfs.unlockRange(opened, owner, start, end);
            return 0;
          }
          Range range = new Range(start, end, type == Flock.F_WRLCK, owner, lock.l_pid.intValue());
          if (command == F_GETLK) {
            return test(opened, range, lock);
          }
          return taken(
              command == F_SETLKW
                  ? waiting(calledOff -> vfs.lockRange(opened, range, true, calledOff))
                  : vfs.lockRange(opened, range, false, Cancellation.NEVER));
        });
  }

  private int test(OpenFile opened, Range range, Flock lock) throws FsException {
    Range found = vfs.testRange(opened, range);
    if (found == null) {
      lock.l_type.set((short) Flock.F_UNLCK);
      return 0;
    }
    lock.l_type.set((short) (found.exclusive() ? Flock.F_WRLCK : Flock.F_RDLCK));
    lock.l_whence.set((short) 0);
    lock.l_start.set(found.start());
    lock.l_len.set(found.end() == Long.MAX_VALUE ? 0 : found.end() - found.start() + 1);
    lock.l_pid.set(found.pid());
    return 0;
  }

  private int flock(Pointer path, Pointer file, int operation) {
    return session.serve(
        "flock",
        () -> {
          OpenFile opened = session.file(file);
          long owner = FuseFileInfo.of(file).lock_owner.longValue();
          FlockMode mode =
              switch (operation & ~LOCK_NB) {
                case Flock.LOCK_SH -> FlockMode.SHARED;
                case Flock.LOCK_EX -> FlockMode.EXCLUSIVE;
                case Flock.LOCK_UN -> FlockMode.UNLOCK;
                default -> throw new FsException(Failure.INVALID, "flock " + operation);
              };
          boolean wait = (operation & LOCK_NB) == 0 && mode != FlockMode.UNLOCK;
          return taken(
              wait
                  ? waiting(calledOff -> vfs.flock(opened, owner, mode, true, calledOff))
                  : vfs.flock(opened, owner, mode, false, Cancellation.NEVER));
        });
  }

  private static int taken(boolean taken) {
    return taken ? 0 : -Errno.EAGAIN;
  }

  /** A wait for a lock. */
  @FunctionalInterface
  private interface Wait {
    boolean lock(Cancellation calledOff) throws FsException;
  }

  private boolean waiting(Wait wait) throws FsException {
    CallOff callOff = new CallOff();
    CompletableFuture<Boolean> result =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return wait.lock(callOff);
              } catch (FsException e) {
                throw new CompletionException(e);
              }
            },
            waiters);
    while (true) {
      try {
        return result.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (session.library().fuse_interrupted() != 0 || session.isGone()) {
          callOff.cancel();
        }
      } catch (InterruptedException e) {
        callOff.cancel();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof FsException known) {
          throw known;
        }
        throw new IllegalStateException(e.getCause());
      }
    }
  }
}
