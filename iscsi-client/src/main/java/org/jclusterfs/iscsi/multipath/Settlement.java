package org.jclusterfs.iscsi.multipath;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jclusterfs.iscsi.IscsiException;

/**
 * Sees to it that nothing that was sent by a lost path can land any more, before it is sent by
 * another one: an old write that came late would overwrite a newer one that was acknowledged.
 *
 * <p>The connection was closed by a reset, so this host sends nothing more of it. But what it had
 * sent may still be on its way, or wait at the target, which knows nothing of the loss where the
 * path is silent: it got no reset and goes on with the session until its own timers end that. So
 * the session is ended at the target: by a login under its name at another portal of the same
 * group, which has to close the old connection and end its tasks first (RFC 7143 section 6.3.5).
 * That is known to be so on LIO and tgtd; on tgtd writes land for 10 ms after, which are waited
 * out.
 *
 * <p>Where no other path of the group is up there is nobody to do that but the path itself, whose
 * next login does the same. Paths to another target or another portal group cannot: there only time
 * helps, and requests go on a second after the reset, when no packet of a storage network is still
 * on its way. Where the logins fail the replacement timeout is waited.
 */
final class Settlement {

  private static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");

  /** Writes of the ended connection may still land this long (seen on tgtd: 10 ms). */
  private static final long LATE_MILLIS = 50;

  private static final long WITHOUT_LOGIN_NANOS = 1_000_000_000L;
  private static final Duration LOGIN = Duration.ofSeconds(2);
  private static final long PAUSE_NANOS = 300_000_000L;

  private final List<Path> paths;
  private final long mostNanos;
  private final Consumer<Path> settler;

  /**
   * Makes one.
   *
   * @param most time after which it is given up
   * @param settler calls {@link #settle} and does what is to be done then
   */
  Settlement(List<Path> paths, Duration most, Consumer<Path> settler) {
    this.paths = paths;
    this.mostNanos = most.toNanos();
    this.settler = settler;
  }

  /** Whether a login by one ends the sessions of the other. */
  static boolean isSameGroup(Path one, Path other) {
    return one.target().equals(other.target())
        && one.lun().session().portalGroup() == other.lun().session().portalGroup();
  }

  /** Ends a lost session at the target, if another path is there by which that can be. Blocks. */
  void settle(Path lost) {
    lost.settling().lock();
    try {
      CompletableFuture<Void> settled = lost.settled();
      if (settled.isDone()) {
        return;
      }
      for (Path path : paths) {
        if (path != lost && path.state() == PathState.UP && isSameGroup(path, lost)) {
          if (end(lost, path)) {
            settled.complete(null);
            return;
          }
        }
      }
    } finally {
      lost.settling().unlock();
    }
  }

  private static boolean end(Path lost, Path by) {
    try {
      if (lost.lun().session().endBy(by.portal(), LOGIN)) {
        LOG.log(
            System.Logger.Level.INFO,
            "the session of path {0} was ended at the target by path {1}",
            lost,
            by);
        Thread.sleep(LATE_MILLIS);
        return true;
      }
    } catch (IscsiException e) {
      LOG.log(
          System.Logger.Level.INFO,
          "the session of path {0} cannot be ended at the target yet: {1}",
          lost,
          e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  /** Tries again where it is due, and gives up where it takes too long. */
  void tick(long now) {
    for (Path lost : paths) {
      CompletableFuture<Void> settled = lost.settled();
      if (settled.isDone()) {
        continue;
      }
      Collection<Path> up = paths.stream().filter(p -> p.state() == PathState.UP).toList();
      boolean helpers = up.stream().anyMatch(path -> isSameGroup(path, lost));
      long most = helpers || up.isEmpty() ? mostNanos : WITHOUT_LOGIN_NANOS;
      if (now - lost.lostAt() >= most) {
        if (helpers) {
          LOG.log(
              System.Logger.Level.WARNING,
              "the session of path {0} could not be ended at the target; its requests go on",
              lost);
        }
        settled.complete(null);
      } else if (helpers && now - lost.lostAt() >= PAUSE_NANOS && !lost.settling().isLocked()) {
        settler.accept(lost); // a path that can help may have come up after the attempt so far
      }
    }
  }
}
