package org.jclusterfs.iscsi.multipath;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;

/**
 * Sees that each path works by reading a block from it, and asks for its ALUA state. A path whose
 * read is not answered is dropped, so that it is connected to anew. Paths that are down are looked
 * after by their sessions, which try to connect every 2 s at least. Used by one thread.
 */
final class PathChecker {

  private final long intervalNanos;
  private final long timeoutNanos;
  private final Executor blocking;
  private final Map<Path, Check> checks = new HashMap<>();

  /**
   * Makes one.
   *
   * @param blocking runs what waits for an answer
   */
  PathChecker(MultipathOptions options, Executor blocking) {
    this.intervalNanos = options.pollingInterval().toNanos();
    this.timeoutNanos = options.replacementTimeout().toNanos();
    this.blocking = blocking;
  }

  private static final class Check {
    private long begun;
    private CompletableFuture<Void> read = CompletableFuture.completedFuture(null);
  }

  /** Begins checks that are due and judges those that are under way. */
  void tick(Collection<Path> paths, long now) {
    for (Path path : paths) {
      if (path.state() != PathState.UP) {
        checks.remove(path);
        continue;
      }
      Check check = checks.get(path);
      if (check == null) {
        check = new Check();
        check.begun = now; // it has just been prepared
        checks.put(path, check);
      } else if (!check.read.isDone()) {
        if (now - check.begun >= timeoutNanos) {
          checks.remove(path);
          path.lun().session().dropConnection("the path checker's read was not answered");
        }
      } else if (now - check.begun >= intervalNanos) {
        check.begun = now;
        begin(path, check);
      }
    }
  }

  private void begin(Path path, Check check) {
    Lun lun = path.lun();
    if (path.isUsable()) {
      check.read = read(lun);
    }
    if (path.isAsymmetric()) {
      blocking.execute(
          () -> {
            try {
              path.refreshAccess();
            } catch (IscsiException e) {
              path.failed(e); // the connection's loss is told by its session
            }
          });
    }
  }

  /** Reads the first block; the future fails where it cannot be had. */
  static CompletableFuture<Void> read(Lun lun) {
    return lun.read(0, ByteBuffer.allocateDirect(lun.capacity().blockSize()), Priority.URGENT);
  }
}
