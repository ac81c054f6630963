package org.jclusterfs.mount.kernel;

import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.Handles;

/**
 * What the handlers of one mount share.
 *
 * @param vfs the filesystem
 * @param nodes inodes that the kernel knows
 * @param handles open files
 * @param interrupts waits that can be called off
 * @param negotiated what kernel and binding agreed on
 * @param validMillis how long the kernel may keep attributes and names that are cacheable
 */
record Session(
    Vfs vfs,
    NodeTable nodes,
    Handles handles,
    Interrupts interrupts,
    Negotiated negotiated,
    long validMillis) {

  /** Time that the kernel may keep attributes. */
  long attributeMillis(Attributes attributes) {
    return attributes.cacheable() ? validMillis : 0;
  }

  /** Time that the kernel may keep a name; without INC_EPOCH nothing could drop it in time. */
  long nameMillis(Attributes attributes) {
    return attributes.cacheable() && negotiated.epochs() ? validMillis : 0;
  }
}
