package org.jclusterfs.mount.kernel;

import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;

/**
 * The inodes that the kernel knows and how often it looked each up. Thread-safe.
 *
 * <p>A node id is 1 for the root, else the inode's number in the low 40 bits and the low 24 bits of
 * its generation above, so that the kernel has another node for an inode whose number was used
 * again. Whether the inode of a request is there still is judged by the filesystem, which is given
 * its whole id.
 */
final class NodeTable {
  static final long ROOT_ID = 1;
  private static final int INODE_BITS = 40;
  private static final long INODE_MASK = (1L << INODE_BITS) - 1;

  private final long root;
  private volatile long namesDropped = System.nanoTime();
  private final ConcurrentHashMap<Long, Node> nodes = new ConcurrentHashMap<>();

  NodeTable(long root) {
    this.root = root;
    nodes.put(root, new Node(ROOT_ID, InodeId.ofNumber(root), null));
  }

  long nodeId(long inode, long generation) {
    if (inode == root) {
      return ROOT_ID;
    }
    if ((inode & ~INODE_MASK) != 0 || inode <= ROOT_ID) {
      throw new IllegalArgumentException("inode number " + inode + " does not fit a node id");
    }
    return generation << INODE_BITS | inode;
  }

  /** The inode of a request; STALE where its number is known to have been used again. */
  InodeId inode(long nodeId) throws FsException {
    Node newest = nodes.get(number(nodeId));
    if (newest == null || newest.nodeId != nodeId) {
      throw new FsException(
          FsException.Failure.STALE, "inode " + number(nodeId) + " is gone, or was forgotten");
    }
    return newest.inode;
  }

  /** Number of the inode of a request or FORGET, which may be an old one. */
  long number(long nodeId) {
    return nodeId == ROOT_ID ? root : nodeId & INODE_MASK;
  }

  /** Notes an answer with attributes, before it is written. */
  void told(Attributes attributes) {
    told(nodes.get(attributes.inode()), attributes);
  }

  /** Counts a lookup, before the reply that tells the kernel of it is written. */
  Node remember(Attributes attributes) {
    long id = nodeId(attributes.inode(), attributes.generation());
    Node node =
        nodes.compute(
            attributes.inode(),
            (inode, known) -> {
              Node n = known;
              if (known == null || known.nodeId != id) {
                n = new Node(id, attributes.id(), known);
              } else if (id != ROOT_ID) {
                // The kernel sees by the generation itself where only its low bits are the same.
                n.inode = attributes.id();
              }
              n.lookups++;
              return n;
            });
    told(node, attributes);
    return node;
  }

  private static void told(Node node, Attributes attributes) {
    if (node != null) {
      node.told = attributes.cacheable();
    }
  }

  /** Notes that the kernel drops all names. */
  void dropNames() {
    namesDropped = System.nanoTime();
  }

  /** When that was last, as System.nanoTime(). */
  long namesDropped() {
    return namesDropped;
  }

  /** The kernel dropped {@code count} references. */
  void forget(long nodeId, long count) {
    if (nodeId == ROOT_ID) {
      return;
    }
    nodes.computeIfPresent(
        number(nodeId),
        (inode, newest) -> {
          for (Node n = newest; n != null; n = n.older) {
            if (n.nodeId == nodeId) {
              n.lookups -= count;
            }
          }
          Node n = newest;
          while (n != null && n.lookups <= 0) {
            n = n.older;
          }
          return n == null ? null : newest;
        });
  }

  /** What is known of an inode, the newest generation first; null: the kernel does not know it. */
  Node find(long inode) {
    return nodes.get(inode);
  }

  /** What is known of a request's inode; null where the kernel's reference is not counted. */
  Node ofNodeId(long nodeId) {
    Node n = nodes.get(number(nodeId));
    while (n != null && n.nodeId != nodeId) {
      n = n.older;
    }
    return n;
  }

  long root() {
    return root;
  }

  int size() {
    return nodes.size();
  }
}
