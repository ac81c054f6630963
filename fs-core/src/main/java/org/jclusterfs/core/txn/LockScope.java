package org.jclusterfs.core.txn;

import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.journal.LockTag;

/**
 * The metadata blocks cached under one cluster lock. They are right as long as this node holds the
 * lock in PR or EX, and dropped as a whole when it gives the lock up.
 */
public final class LockScope {
  private final LockName name;
  private final LockTag tag;
  private final ConcurrentHashMap<Long, MetaBlock> blocks = new ConcurrentHashMap<>(4);

  /** Makes an empty scope for a lock. */
  public LockScope(LockName name) {
    this.name = name;
    this.tag = new LockTag(name.type(), name.region(), name.id());
  }

  /** Name of an inode's lock; {@code region} is the resource group it lies in. */
  public static LockName inodeLock(long inode, int region) {
    return new LockName(LockType.INODE.code(), region, inode);
  }

  /** Name of a resource group's lock. */
  public static LockName groupLock(int group) {
    return new LockName(LockType.RESOURCE_GROUP.code(), group, group);
  }

  /** The lock. */
  public LockName name() {
    return name;
  }

  /** The lock as the journal knows it. */
  public LockTag tag() {
    return tag;
  }

  MetaBlock cached(long address) {
    return blocks.get(address);
  }

  MetaBlock remember(MetaBlock block) {
    MetaBlock earlier = blocks.putIfAbsent(block.address(), block);
    return earlier != null ? earlier : block;
  }

  void replace(MetaBlock block) {
    blocks.put(block.address(), block);
  }

  void forget(long address) {
    blocks.remove(address);
  }

  /** Drops every block: the lock was given up. */
  public void clear() {
    blocks.clear();
  }
}
