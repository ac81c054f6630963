package org.jclusterfs.core.alloc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.cluster.ClusterLocks;
import org.jclusterfs.core.device.DeviceFutures;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.txn.MetaStore;
import org.jclusterfs.dlm.LockMode;

/**
 * Adds up the free space of a volume without taking a lock: groups that this node holds from
 * memory, the others as their headers on the device say, which lag by the time until their holder
 * writes them back.
 */
final class FreeSpace {
  private static final int IN_FLIGHT = 64;

  private final Group[] groups;
  private final ClusterLocks locks;
  private final MetaStore store;
  private final Geometry geometry;
  private long all;
  private long available;

  FreeSpace(Group[] groups, ClusterLocks locks, MetaStore store, Geometry geometry) {
    this.groups = groups;
    this.locks = locks;
    this.store = store;
    this.geometry = geometry;
  }

  ResourceGroups.Free count() throws IOException {
    List<Group> remote = new ArrayList<>();
    for (Group group : groups) {
      if (locks.cached(group.lock()) == LockMode.EX && group.freeHint() != Group.UNKNOWN) {
        add(group);
      } else {
        remote.add(group);
      }
    }
    for (int from = 0; from < remote.size(); from += IN_FLIGHT) {
      readHeaders(remote.subList(from, Math.min(remote.size(), from + IN_FLIGHT)));
    }
    return new ResourceGroups.Free(all, available);
  }

  private void add(Group group) {
    all += group.freeHint();
    available += Math.max(0, group.freeHint() - ResourceGroups.KEPT_BACK);
  }

  private void readHeaders(List<Group> some) throws IOException {
    List<ByteBuffer> buffers = new ArrayList<>();
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    for (Group group : some) {
      ByteBuffer buffer =
          ByteBuffer.allocate(BlockHeader.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
      buffers.add(buffer);
      reads.add(store.readRaw(geometry.groupStart(group.index()), buffer));
    }
    for (int i = 0; i < some.size(); i++) {
      DeviceFutures.await(reads.get(i));
      ByteBuffer header = buffers.get(i).clear();
      Group group = some.get(i);
      if (BlockHeader.check(header, GroupHeader.MAGIC, group.firstBlock(), store.volume())
          == null) {
        group.freeHint(GroupHeader.freeBlocks(header));
        add(group);
      }
    }
  }
}
