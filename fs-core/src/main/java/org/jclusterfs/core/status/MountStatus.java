package org.jclusterfs.core.status;

import java.util.List;
import java.util.Map;

/**
 * State of a mount at one moment.
 *
 * @param device description of the device
 * @param volume UUID
 * @param label of the volume, perhaps empty
 * @param readOnly whether it is mounted read-only
 * @param paths to the device, none where it needs no network
 * @param cluster this node among the others
 * @param locks one per type of lock
 * @param contended locks that somebody waits for now, longest first, then those that other nodes
 *     asked for most often since the mount; at most {@link #MAX_CONTENDED}
 * @param requests that the kernel has sent since the mount, by the names that fuse.h gives them;
 *     none that were never sent
 */
public record MountStatus(
    String device,
    String volume,
    String label,
    boolean readOnly,
    List<PathStatus> paths,
    ClusterStatus cluster,
    List<LockTypeStatus> locks,
    List<ContendedLock> contended,
    Map<String, Long> requests) {

  /** Most contended locks that are told. */
  public static final int MAX_CONTENDED = 32;

  /** The same with what only the binding knows: paths of the contended locks, and requests. */
  public MountStatus with(List<ContendedLock> other, Map<String, Long> served) {
    return new MountStatus(device, volume, label, readOnly, paths, cluster, locks, other, served);
  }
}
