package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.dlm.LockMode;

/**
 * Space that is about to become free: of inodes without a name, which are freed in the background,
 * by this node and by others. Whoever finds no space waits for that before it says so. Thread-safe.
 *
 * <p>An orphan directory in which nothing happened during such a wait names what somebody has open;
 * it is waited for again only when it has changed.
 */
final class PendingSpace {
  private static final long PATIENCE_MILLIS = 800;
  private static final long PAUSE_MILLIS = 20;

  private final VolumeState volume;
  private final Reclaimer reclaimer;
  private final Map<Integer, Long> fruitless = new HashMap<>();
  private long fruitlessHere = -1;

  PendingSpace(VolumeState volume, Reclaimer reclaimer) {
    this.volume = volume;
    this.reclaimer = reclaimer;
  }

  /** An orphan directory: its names, and a count of its changes. */
  private record Orphanage(long entries, long changes) {}

  /**
   * Waits until some inode was freed; called without any lock.
   *
   * @return false where nothing is to be expected
   */
  synchronized boolean awaitSome() throws IOException, LockUnavailableException, FsException {
    long here = reclaimer.added();
    int pending = reclaimer.pending();
    boolean hopeful = pending > 0 && here != fruitlessHere;
    Map<Integer, Orphanage> others = others();
    for (Map.Entry<Integer, Orphanage> other : others.entrySet()) {
      Long known = fruitless.get(other.getKey());
      hopeful |= known == null || known != other.getValue().changes();
    }
    if (!hopeful) {
      return false;
    }
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    while (System.nanoTime() < end) {
      reclaimer.hasten();
      pause();
      if (reclaimer.pending() < pending || fewerIn(others)) {
        return true;
      }
    }
    fruitlessHere = here;
    others.forEach((slot, orphanage) -> fruitless.put(slot, orphanage.changes()));
    return false;
  }

  private static void pause() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for space", e);
    }
  }

  private boolean fewerIn(Map<Integer, Orphanage> before)
      throws IOException, LockUnavailableException, FsException {
    for (Map.Entry<Integer, Orphanage> other : before.entrySet()) {
      if (look(other.getKey()).entries() < other.getValue().entries()) {
        return true;
      }
    }
    return false;
  }

  /** Those of other slots that are not empty. */
  private Map<Integer, Orphanage> others()
      throws IOException, LockUnavailableException, FsException {
    Map<Integer, Orphanage> found = new HashMap<>();
    for (int slot = 0; slot < volume.orphanDirectories().length; slot++) {
      if (slot != volume.slot() && volume.orphanDirectories()[slot] != 0) {
        Orphanage orphanage = look(slot);
        if (orphanage.entries() > 0) {
          found.put(slot, orphanage);
        }
      }
    }
    return found;
  }

  private Orphanage look(int slot) throws IOException, LockUnavailableException, FsException {
    try (HeldInode directory =
        HeldInode.acquire(volume, volume.orphanDirectories()[slot], LockMode.PR)) {
      return new Orphanage(
          directory.entries().entries(), InodeBlock.changeCount(directory.buffer()));
    }
  }
}
