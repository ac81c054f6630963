package org.jclusterfs.core.status;

/**
 * A lock that nodes or threads want from each other.
 *
 * @param type name of its type
 * @param id its number: an inode, the index of a resource group, a slot
 * @param mode cached now
 * @param waiting threads here that wait for it now
 * @param waitingMillis how long the first of them does
 * @param wantedByOther whether another node waits for it now
 * @param blocking times that another node asked for it since the mount; may count those of a lock
 *     that it took the place of in a full table
 * @param waits times that a thread waited for it
 * @param waitedMillis all these waits together
 * @param path of the inode, where it is known, else null
 */
public record ContendedLock(
    String type,
    long id,
    String mode,
    int waiting,
    long waitingMillis,
    boolean wantedByOther,
    long blocking,
    long waits,
    long waitedMillis,
    String path) {

  /** The same with a path. */
  public ContendedLock withPath(String found) {
    return new ContendedLock(
        type,
        id,
        mode,
        waiting,
        waitingMillis,
        wantedByOther,
        blocking,
        waits,
        waitedMillis,
        found);
  }
}
