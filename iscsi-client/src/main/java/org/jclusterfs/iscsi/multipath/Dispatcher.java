package org.jclusterfs.iscsi.multipath;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.SessionClosedException;
import org.jclusterfs.iscsi.scsi.Disk;

/**
 * Sends each request by a path, and by another where that path fails. A request that changes the
 * medium goes again only when what was sent before can land no more. What finds no path waits, in
 * its order. RESERVATION CONFLICT and whatever else the unit itself says goes to the caller.
 *
 * <p>Thread-safe. No future is completed and no path is called under its lock.
 */
final class Dispatcher {

  /** Whose gate has been closed for so long waits for no path any more. */
  private static final long PATIENCE_WITH_GATE_NANOS = 1_000_000_000L;

  private static final Route[] NONE = {};

  private final PathSelector selector;
  private final long patienceNanos;
  private final long requestNanos;
  private final LongSupplier clock;
  private final Object lock = new Object();
  private volatile BooleanSupplier writeGate = () -> true;
  private volatile Route[] readable = NONE;
  private volatile Route[] writable = NONE;

  // Guarded by lock.
  private final ArrayDeque<Request> waiting = new ArrayDeque<>();
  private IscsiException closed;
  private String reason = "";
  private Long unreadableSince;
  private Long unwritableSince;
  private Long gateClosedSince;

  /**
   * Makes one without paths.
   *
   * @param requestNanos bound of one request from its submission
   * @param clock as {@link System#nanoTime}
   */
  Dispatcher(MultipathOptions options, long requestNanos, LongSupplier clock) {
    this.selector = options.selector().selector();
    this.patienceNanos = options.patienceNanos();
    this.requestNanos = options.noPathRetry() == MultipathOptions.QUEUE ? 0 : requestNanos;
    this.clock = clock;
    unreadableSince = clock.getAsLong();
    unwritableSince = unreadableSince;
  }

  /** One request of a user. */
  private final class Request extends CompletableFuture<Void> {
    private final Function<Disk, CompletableFuture<Void>> action;
    private final boolean changes;
    private final long bytes;
    private final long deadline;

    Request(Function<Disk, CompletableFuture<Void>> action, boolean changes, long bytes) {
      this.action = action;
      this.changes = changes;
      this.bytes = bytes;
      this.deadline = requestNanos == 0 ? 0 : clock.getAsLong() + requestNanos;
    }

    boolean isExpired(long now) {
      return requestNanos != 0 && deadline - now <= 0;
    }

    void sendBy(Route route) {
      route.begin(bytes);
      CompletableFuture<Void> attempt;
      try {
        attempt = action.apply(route.disk());
      } catch (RuntimeException e) {
        route.end(bytes);
        completeExceptionally(e);
        return;
      }
      attempt.whenComplete(
          (nothing, e) -> {
            route.end(bytes);
            if (e == null) {
              complete(null);
            } else {
              failed(route, e instanceof CompletionException ? e.getCause() : e);
            }
          });
    }

    private void failed(Route route, Throwable cause) {
      if (!isFailureOfPath(cause)) {
        completeExceptionally(cause);
        return;
      }
      route.failed((IscsiException) cause);
      if (isExpired(clock.getAsLong())) {
        completeExceptionally(cause);
      } else if (changes) {
        route.settled().whenComplete((settled, e) -> dispatch(this));
      } else {
        dispatch(this);
      }
    }
  }

  /**
   * Whether another path may do what one could not: the connection is gone, the target did not
   * answer in time, or its port is in a state that takes no such commands (ALUA, 2/040A to 040C).
   */
  static boolean isFailureOfPath(Throwable cause) {
    return cause instanceof ConnectionLostException
        || cause instanceof CommandTimeoutException
        || cause instanceof SessionClosedException
        || isFailureOfPort(cause);
  }

  static boolean isFailureOfPort(Throwable cause) {
    if (!(cause instanceof ScsiException)) {
      return false;
    }
    ScsiException e = (ScsiException) cause;
    return e.senseKey() == 2 && e.asc() == 4 && e.ascq() >= 0x0a && e.ascq() <= 0x0c;
  }

  /**
   * Sends a request.
   *
   * @param action makes it on the disk by one path
   * @param changes whether it changes the medium
   * @param bytes that it moves
   */
  CompletableFuture<Void> submit(
      boolean changes, long bytes, Function<Disk, CompletableFuture<Void>> action) {
    Request request = new Request(action, changes, bytes);
    dispatch(request);
    return request;
  }

  private void dispatch(Request request) {
    Route route = choose(request);
    if (route != null) {
      request.sendBy(route);
      return;
    }
    IscsiException refusal;
    synchronized (lock) {
      route = choose(request); // one may have come up meanwhile
      refusal = route != null ? null : refusal(request);
      if (route == null && refusal == null) {
        waiting.addLast(request);
      }
    }
    if (route != null) {
      request.sendBy(route);
    } else if (refusal != null) {
      request.completeExceptionally(refusal);
    }
  }

  private Route choose(Request request) {
    Route[] routes = request.changes ? writable : readable;
    return routes.length < 2
        ? routes.length == 0 ? null : routes[0]
        : routes[selector.choose(routes)];
  }

  /** Why a request that finds no path fails at once, or null; under the lock. */
  private IscsiException refusal(Request request) {
    if (closed != null) {
      return closed;
    }
    Long since = request.changes ? unwritableSince : unreadableSince;
    long now = clock.getAsLong();
    boolean tooLong = since != null && now - since >= patienceNanos;
    boolean abandoned =
        gateClosedSince != null && now - gateClosedSince >= PATIENCE_WITH_GATE_NANOS;
    return tooLong || abandoned
        ? new ConnectionLostException("no path to the LUN is up" + reason)
        : null;
  }

  /** Sets the gate that users' writes pass; only to notice that it has closed for good. */
  void setWriteGate(BooleanSupplier gate) {
    writeGate = gate;
  }

  /**
   * Sets the paths to use from now on; {@link #resume} sends what waits for one.
   *
   * @param why what the last path was lost by, for messages
   */
  void setRoutes(Route[] forReads, Route[] forWrites, String why) {
    synchronized (lock) {
      readable = forReads.clone();
      writable = forWrites.clone();
      reason = why.isEmpty() ? "" : ": " + why;
      unreadableSince = since(unreadableSince, readable);
      unwritableSince = since(unwritableSince, writable);
    }
  }

  /** Sends what waits and has a path now, in its order. */
  void resume() {
    List<Request> ready = new ArrayList<>();
    synchronized (lock) {
      waiting.removeIf(
          request -> {
            boolean goes = (request.changes ? writable : readable).length > 0;
            if (goes) {
              ready.add(request);
            }
            return goes;
          });
    }
    ready.forEach(this::dispatch);
  }

  private Long since(Long before, Route[] routes) {
    if (routes.length > 0) {
      return null;
    }
    return before == null ? Long.valueOf(clock.getAsLong()) : before;
  }

  /** Ends what has waited too long; called a few times per second. */
  void tick() {
    long now = clock.getAsLong();
    boolean open = writeGate.getAsBoolean();
    List<Request> over = new ArrayList<>();
    List<IscsiException> causes = new ArrayList<>();
    synchronized (lock) {
      if (open) {
        gateClosedSince = null;
      } else if (gateClosedSince == null) {
        gateClosedSince = now;
      }
      waiting.removeIf(
          request -> {
            IscsiException cause = refusal(request);
            if (cause == null && request.isExpired(now)) {
              cause = new CommandTimeoutException("no path to the LUN came up in time" + reason);
            }
            if (cause == null) {
              return false;
            }
            over.add(request);
            causes.add(cause);
            return true;
          });
    }
    for (int i = 0; i < over.size(); i++) {
      over.get(i).completeExceptionally(causes.get(i));
    }
  }

  /** Fails what waits, and whatever comes and finds no path. */
  void close(IscsiException cause) {
    List<Request> left;
    synchronized (lock) {
      closed = cause;
      readable = NONE;
      writable = NONE;
      left = new ArrayList<>(waiting);
      waiting.clear();
    }
    left.forEach(request -> request.completeExceptionally(cause));
  }
}
