package org.jclusterfs.mount.kernel;

/**
 * What the binding remembers of an inode that the kernel knows.
 *
 * <p>{@link #lookups} changes only inside {@link NodeTable}; the other fields are hints that any
 * thread sets and {@link #forgetHints()} drops when the kernel's caches are invalidated.
 */
final class Node {
  final long nodeId;

  /** An inode that had the same number before and that the kernel has not forgotten; or null. */
  final Node older;

  /** References that the kernel holds, replies not yet written included. */
  volatile long lookups;

  /** Whether pages may be in the kernel. */
  volatile boolean pages;

  /** Mode last told while it was cacheable, or -1. */
  volatile int mode = -1;

  /** Whether security.capability is known to be absent. */
  volatile boolean noCapability;

  /** Counts invalidations, so that what was read before one is not remembered after it. */
  volatile int epoch;

  Node(long nodeId, Node older) {
    this.nodeId = nodeId;
    this.older = older;
  }

  synchronized void forgetHints() {
    epoch++;
    mode = -1;
    noCapability = false;
  }

  synchronized void rememberNoCapability(int readInEpoch) {
    if (epoch == readInEpoch && mode != -1) {
      noCapability = true;
    }
  }
}
