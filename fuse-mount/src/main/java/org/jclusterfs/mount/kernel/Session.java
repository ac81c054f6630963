package org.jclusterfs.mount.kernel;

import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.Handles;

/**
 * What the handlers of one mount share.
 *
 * @param vfs the filesystem
 * @param nodes inodes that the kernel knows
 * @param handles open files
 * @param listed names told by listings that the kernel may not have taken yet
 * @param interrupts waits that can be called off
 * @param negotiated what kernel and binding agreed on
 * @param validMillis how long the kernel may keep attributes and names that are cacheable
 */
record Session(
    Vfs vfs,
    NodeTable nodes,
    Handles handles,
    ListedNames listed,
    Interrupts interrupts,
    Negotiated negotiated,
    long validMillis) {

  /** Whether the kernel may keep names at all. */
  boolean namesLast() {
    return negotiated.epochs() && validMillis > 0;
  }

  /** Whether the kernel has name and attributes of an inode and may keep them for a while. */
  boolean knowsWell(Node node) {
    return node.toldWithin(
        TimeUnit.MILLISECONDS.toNanos(validMillis) * 3 / 4, nodes.namesDropped());
  }

  /** Time that the kernel may keep attributes. */
  long attributeMillis(Attributes attributes) {
    return attributes.cacheable() ? validMillis : 0;
  }

  /** Time that the kernel may keep a name; without INC_EPOCH nothing could drop it in time. */
  long nameMillis(Attributes attributes) {
    return attributes.cacheable() && negotiated.epochs() ? validMillis : 0;
  }

  /** For requests during which the kernel holds the lock of the header's inode alone. */
  Handler locking(Handler handler) {
    return request -> {
      listed.locked(request.header().nodeid());
      handler.handle(request);
    };
  }
}
