package org.jclusterfs.mount.kernel;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jclusterfs.core.vfs.InodeId;

/**
 * What the binding remembers of an inode that the kernel knows.
 *
 * <p>{@link #lookups} changes only inside {@link NodeTable}; the other fields are hints that any
 * thread sets and {@link #forgetHints()} drops when the kernel's caches are invalidated.
 */
final class Node {
  private static final int DEEPEST = 1000;

  final long nodeId;

  /** What the kernel was told of last under this node id. */
  volatile InodeId inode;

  /** An inode that had the same number before and that the kernel has not forgotten; or null. */
  final Node older;

  /** References that the kernel holds, replies not yet written included. */
  volatile long lookups;

  /** Whether pages may be in the kernel. */
  volatile boolean pages;

  /** Whether attributes were told since the last invalidation, so that a change of them is one. */
  volatile boolean told;

  /** When the kernel was told name and attributes last, to keep; 0: not since they were dropped. */
  private volatile long toldAt;

  /** Whether security.capability is known to be absent. */
  volatile boolean noCapability;

  /** The last name by which the kernel came to know it, and of which directory: for people only. */
  private volatile Node parent;

  private volatile byte[] name;

  /** Counts invalidations, so that what was read before one is not remembered after it. */
  volatile int epoch;

  Node(long nodeId, InodeId inode, Node older) {
    this.nodeId = nodeId;
    this.inode = inode;
    this.older = older;
  }

  /** Notes the name under which it was found; it may have been renamed since by others. */
  void named(Node directory, byte[] found) {
    if (parent != directory || !Arrays.equals(name, found)) {
      parent = directory;
      name = found;
    }
  }

  /** Path below the root by the names last used, or null where one is not known. */
  String path() {
    StringBuilder path = new StringBuilder();
    Node node = this;
    for (int depth = 0; node.nodeId != NodeTable.ROOT_ID; depth++) {
      byte[] last = node.name;
      Node above = node.parent;
      // Names of different moments may form a circle.
      if (last == null || above == null || depth == DEEPEST) {
        return null;
      }
      path.insert(0, "/" + new String(last, StandardCharsets.UTF_8));
      node = above;
    }
    return path.length() == 0 ? "/" : path.toString();
  }

  /** Notes that the kernel is told its name and attributes and may keep both. */
  void told() {
    toldAt = System.nanoTime();
  }

  /** Whether that was less than {@code nanos} ago, after {@code since}, and still counts. */
  boolean toldWithin(long nanos, long since) {
    long at = toldAt;
    return at != 0 && at - since > 0 && System.nanoTime() - at < nanos;
  }

  synchronized void forgetHints() {
    epoch++;
    told = false;
    toldAt = 0;
    noCapability = false;
  }

  synchronized void rememberNoCapability(int readInEpoch) {
    if (epoch == readInEpoch && told) {
      noCapability = true;
    }
  }
}
