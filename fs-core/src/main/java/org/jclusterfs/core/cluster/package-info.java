/**
 * The cluster as the filesystem above sees it: {@link org.jclusterfs.core.cluster.ClusterLocks}
 * that are cached until another node asks, with one implementation for a single node and one over
 * the lock manager; slots, heartbeat, fencing and node recovery behind it.
 *
 * <p>This package never imports what lies above it: upper layers register {@link
 * org.jclusterfs.core.cluster.LockCallbacks} per {@link org.jclusterfs.core.cluster.LockType}.
 */
package org.jclusterfs.core.cluster;
