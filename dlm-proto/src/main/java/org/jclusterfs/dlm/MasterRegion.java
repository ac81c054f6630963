package org.jclusterfs.dlm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;

/**
 * A region at its master: its resources, and how far it may be served.
 *
 * <pre>
 *   state       event                              next
 *   REBUILDING  all members have reclaimed         SERVING
 *   REBUILDING  a newer view                       gone: reclaimed again
 *   SERVING     it is to go to another node        MOVING
 *   MOVING      nobody sends to the old master     sent and gone
 *   MOVING      the new master is not in the view  gone: reclaimed
 * </pre>
 */
final class MasterRegion {

  enum State {
    /** Its last master was lost; members still report what they hold. */
    REBUILDING,
    /** Ordinary service. */
    SERVING,
    /** What arrives is noted and nothing is answered, until all of it can be sent. */
    MOVING
  }

  record LockKey(int slot, long lockId) {}

  /** A query that waits for its answer. */
  record Query(int slot, LockMessage.Test test) {}

  final int number;
  final long epoch;
  final Map<LockName, Resource> resources = new LinkedHashMap<>();
  final Map<LockKey, MasterLock> locks = new HashMap<>();
  final Queue<Query> queries = new ArrayDeque<>();
  State state;

  /** Who wrote in resources that are forgotten. */
  int forgottenWriter = Resource.NO_WRITER;

  /** Node that asked last, and how often in a row. */
  int lastUser = -1;

  int usesInRow;

  /** Uses in a row by another node after which the region goes there. */
  final int patience;

  MasterRegion(int number, long epoch, int patience, State state) {
    this.patience = patience;
    this.number = number;
    this.epoch = epoch;
    this.state = state;
  }

  /** The lock, made with its resource where there is none; never twice. */
  MasterLock add(int slot, long lockId, LockName name, LockRange range, long cookie) {
    Resource resource =
        resources.computeIfAbsent(name, n -> new Resource(n, epoch, forgottenWriter));
    MasterLock lock = new MasterLock(resource, slot, lockId, range, cookie);
    if (locks.putIfAbsent(new LockKey(slot, lockId), lock) != null) {
      throw new WireException("Slot " + slot + " asks for lock " + lockId + " twice");
    }
    return lock;
  }

  MasterLock lock(int slot, long lockId) {
    return locks.get(new LockKey(slot, lockId));
  }

  void forget(MasterLock lock) {
    Resource resource = lock.resource;
    locks.remove(new LockKey(lock.slot, lock.id));
    resource.remove(lock);
    if (resource.isUnused()) {
      resources.remove(resource.name);
      noteWriter(resource.lastWriter);
    }
  }

  private void noteWriter(int writer) {
    if (writer != forgottenWriter && writer != Resource.NO_WRITER) {
      forgottenWriter = forgottenWriter == Resource.NO_WRITER ? writer : Resource.MANY_WRITERS;
    }
  }

  /** Drops what nodes that are gone hold, wait for and ask; what they could write is spoilt. */
  void purge(Set<Integer> departed) {
    if (departed.isEmpty()) {
      return;
    }
    List<MasterLock> gone = new ArrayList<>();
    for (MasterLock lock : locks.values()) {
      if (departed.contains(lock.slot)) {
        gone.add(lock);
      }
    }
    for (MasterLock lock : gone) {
      if (lock.isWriter()) {
        lock.resource.writerLeaves(0, null);
      }
      forget(lock);
    }
    queries.removeIf(query -> departed.contains(query.slot()));
  }

  /** Nodes that hold, wait for or ask something here. */
  Set<Integer> users() {
    Set<Integer> users = new LinkedHashSet<>();
    locks.values().forEach(lock -> users.add(lock.slot));
    queries.forEach(query -> users.add(query.slot()));
    return users;
  }

  boolean hasWaiters() {
    for (Resource resource : resources.values()) {
      if (resource.hasWaiters()) {
        return true;
      }
    }
    return false;
  }
}
