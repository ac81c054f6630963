package org.jclusterfs.mount.kernel;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.mount.FailureLog;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Opcode;

/** Brings each request to the handler of its opcode. Thread-safe once the handlers are set. */
final class Dispatcher {
  private static final System.Logger LOG = System.getLogger(Dispatcher.class.getName());

  private static final FailureLog FAILURES = new FailureLog(LOG);

  /** Threads are those of the host, whichever mount they use. */
  private static final StaleAnswers STALE = new StaleAnswers();

  private final ListedNames listed;

  private final Handler[] handlers = new Handler[Opcode.END];

  private final AtomicLongArray counts = new AtomicLongArray(Opcode.END);

  /** {@code listed} is told of every request. */
  Dispatcher(ListedNames listed) {
    this.listed = listed;
  }

  /** Requests so far, by the names of their opcodes; none that never came. */
  Map<String, Long> counts() {
    Map<String, Long> all = new TreeMap<>();
    for (int opcode = 0; opcode < Opcode.END; opcode++) {
      if (counts.get(opcode) > 0) {
        all.put(Opcode.name(opcode), counts.get(opcode));
      }
    }
    return all;
  }

  void on(int opcode, Handler handler) {
    handlers[opcode] = handler;
  }

  /** Serves one request; returns when it is answered, except where a handler passed it on. */
  void dispatch(Request request) {
    int opcode = request.header().opcode();
    listed.asked(request.header().pid(), opcode);
    boolean known = opcode >= 0 && opcode < handlers.length;
    Handler handler = known ? handlers[opcode] : null;
    if (known) {
      counts.incrementAndGet(opcode);
    }
    if (handler == null) {
      request.error(Errno.ENOSYS);
    } else {
      serve(handler, request);
    }
  }

  /** Runs a handler and answers for it where it fails. */
  static void serve(Handler handler, Request request) {
    try {
      handler.handle(request);
      if (!request.answered()) {
        LOG.log(System.Logger.Level.ERROR, "no answer was given to {0}", request);
        request.error(Errno.EIO);
      }
      STALE.succeeded(request.header().pid(), request.header().opcode());
    } catch (FsException e) {
      if (e.failure() == FsException.Failure.IO) {
        FAILURES.log(request + " failed: " + e.getMessage(), e);
      }
      int errno = Errno.of(e.failure());
      fail(request, STALE.failed(request.header().pid(), request.header().opcode(), errno));
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, request + " failed unexpectedly", e);
      fail(request, Errno.EIO);
    }
  }

  private static void fail(Request request, int errno) {
    if (!request.answered()) {
      request.error(errno);
    }
  }
}
