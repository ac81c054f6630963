package org.jclusterfs.core.status;

import java.util.List;

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
 */
public record MountStatus(
    String device,
    String volume,
    String label,
    boolean readOnly,
    List<PathStatus> paths,
    ClusterStatus cluster,
    List<LockTypeStatus> locks,
    List<ContendedLock> contended) {

  /** Most contended locks that are told. */
  public static final int MAX_CONTENDED = 32;

  /** The same with other contended locks. */
  public MountStatus withContended(List<ContendedLock> other) {
    return new MountStatus(device, volume, label, readOnly, paths, cluster, locks, other);
  }
}
