package org.jclusterfs.dlm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/**
 * The master role: the resources of the regions that this node masters in the current view. All of
 * it is rebuilt from the members' reports when the view changes ({@link Rebuild}).
 *
 * <p>Callbacks (BAST) race with releases and conversions under way. The rule here: a holder is told
 * once per held mode and wanted mode; every change of its mode forgets what it was told, so that it
 * is told again where the new mode still conflicts; a grant carries what is wanted already. The
 * rule of the receiver stands in {@link OwnLocks}.
 */
final class Master {
  private record LockKey(int slot, long lockId) {}

  private final Router router;
  private final Map<LockName, Resource> resources = new LinkedHashMap<>();
  private final Map<LockKey, MasterLock> locks = new HashMap<>();
  // Per region, who wrote in resources that are forgotten.
  private final Map<Integer, Integer> writers = new HashMap<>();
  private final Queue<Runnable> deferredTests = new ArrayDeque<>();
  private Gate gate = Gate.REBUILDING;
  private Rebuild rebuild = new Rebuild();

  Master(Router router) {
    this.router = router;
  }

  int resourceCount() {
    return resources.size();
  }

  void request(int from, LockMessage.Request message) {
    MasterLock lock =
        add(from, message.lockId(), message.name(), message.range(), message.cookie());
    lock.flags = message.flags();
    lock.requested = message.mode();
    lock.resource.enqueue(lock);
    serve(lock.resource);
  }

  private MasterLock add(int slot, long lockId, LockName name, LockRange range, long cookie) {
    Resource resource =
        resources.computeIfAbsent(
            name, n -> new Resource(n, writers.getOrDefault(n.region(), Resource.NO_WRITER)));
    MasterLock lock = new MasterLock(resource, slot, lockId, range, cookie);
    if (locks.putIfAbsent(new LockKey(slot, lockId), lock) != null) {
      throw new WireException("Slot " + slot + " asks for lock " + lockId + " twice");
    }
    return lock;
  }

  void convert(int from, LockMessage.Convert message) {
    MasterLock lock = held(from, message.lockId());
    if (lock.requested != null) {
      throw new WireException(
          "Slot " + from + " converts lock " + lock.id + " while it waits for a conversion");
    }
    if (lock.granted.covers(message.mode())) {
      writerLeaves(lock, message.flags(), message.value());
      lock.granted = message.mode();
      lock.told = null;
    } else {
      lock.requested = message.mode();
      lock.flags = message.flags();
      lock.resource.enqueue(lock);
    }
    serve(lock.resource);
  }

  void unlock(int from, LockMessage.Unlock message) {
    MasterLock lock = held(from, message.lockId());
    writerLeaves(lock, message.flags(), message.value());
    forget(lock);
    serve(lock.resource);
  }

  private void writerLeaves(MasterLock lock, int flags, byte[] written) {
    if (!lock.isWriter()) {
      return;
    }
    if (gate == Gate.REBUILDING) {
      rebuild.writerLeaves(lock.resource.name, flags, written);
    } else {
      lock.resource.writerLeaves(flags, written);
    }
  }

  private MasterLock held(int from, long lockId) {
    MasterLock lock = locks.get(new LockKey(from, lockId));
    if (lock == null || lock.granted == null) {
      throw new WireException("Slot " + from + " does not hold lock " + lockId);
    }
    return lock;
  }

  void cancel(int from, LockMessage.Cancel message) {
    MasterLock lock = locks.get(new LockKey(from, message.lockId()));
    if (lock == null || lock.requested == null) {
      return; // the answer is on its way already
    }
    deny(lock, DenyReason.CANCELLED, null);
    serve(lock.resource);
  }

  void test(int from, LockMessage.Test message) {
    if (gate != Gate.OPEN) {
      deferredTests.add(() -> test(from, message));
      return;
    }
    Resource resource = resources.get(message.name());
    MasterLock blocker = null;
    if (resource != null) {
      MasterLock probe = new MasterLock(resource, from, 0, message.range(), message.cookie());
      blocker = resource.conflictingHolder(probe, message.mode());
    }
    Blocker answer = blocker == null ? null : describe(blocker, blocker.granted);
    router.deliver(
        from, new LockMessage.Tested(message.queryId(), message.name().region(), answer));
  }

  private static Blocker describe(MasterLock lock, LockMode mode) {
    return new Blocker(lock.slot, lock.range, mode, lock.cookie);
  }

  private void forget(MasterLock lock) {
    Resource resource = lock.resource;
    locks.remove(new LockKey(lock.slot, lock.id));
    resource.remove(lock);
    if (resource.isUnused()) {
      resources.remove(resource.name);
      writers.merge(
          resource.name.region(),
          resource.lastWriter,
          (a, b) -> a == b || b == Resource.NO_WRITER ? a : Resource.MANY_WRITERS);
    }
  }

  /** Grants what can be granted, denies what may not wait, and tells the holders in the way. */
  private void serve(Resource resource) {
    if (gate == Gate.REBUILDING || (resource.holders.isEmpty() && resource.requests.isEmpty())) {
      return;
    }
    List<MasterLock> granted = new ArrayList<>();
    boolean again = true;
    while (again) {
      again = false;
      for (MasterLock lock : resource.waiters()) {
        if (lock.requested == null || !gate.passes(lock)) {
          continue;
        }
        MasterLock obstacle = resource.obstacle(lock, gate::passes);
        if (obstacle == null) {
          resource.grant(lock);
          granted.add(lock);
          again = true;
        } else if (lock.has(LockFlags.NOQUEUE)) {
          refuse(lock, obstacle);
          again = true;
        }
      }
      again |= !again && breakDeadlock(resource);
    }
    granted.forEach(this::announce);
    for (MasterLock holder : List.copyOf(resource.holders)) {
      tell(holder);
    }
  }

  /** Denies the last conversion that waits in a circle; false where there is none. */
  private boolean breakDeadlock(Resource resource) {
    List<MasterLock> conversions = List.copyOf(resource.conversions);
    for (int i = conversions.size() - 1; i > 0; i--) {
      MasterLock lock = conversions.get(i);
      if (resource.inDeadlock(lock)) {
        deny(lock, DenyReason.DEADLOCK, null);
        return true;
      }
    }
    return false;
  }

  private void announce(MasterLock lock) {
    Resource resource = lock.resource;
    if (!resource.holders.contains(lock)) {
      return;
    }
    boolean fromAnother =
        resource.lastWriter != Resource.NO_WRITER && resource.lastWriter != lock.slot;
    if (lock.granted.covers(LockMode.PW)) {
      resource.lastWriter = lock.slot;
    }
    LockMode wanted = resource.wantedFrom(lock, gate::passes);
    lock.told = wanted;
    boolean wantsValue = lock.has(LockFlags.VALUE) && lock.granted != LockMode.NL;
    Grant grant =
        new Grant(
            lock.granted, wantsValue ? resource.value : null, resource.generation, fromAnother);
    router.deliver(
        lock.slot, new LockMessage.Granted(lock.id, resource.name.region(), grant, wanted));
  }

  private void tell(MasterLock holder) {
    LockMode wanted = holder.resource.wantedFrom(holder, gate::passes);
    if (wanted != null && (holder.told == null || wanted.ordinal() > holder.told.ordinal())) {
      holder.told = wanted;
      router.deliver(
          holder.slot, new LockMessage.Blocking(holder.id, holder.resource.name.region(), wanted));
    }
  }

  private void refuse(MasterLock lock, MasterLock obstacle) {
    LockMode mode = lock.requested;
    boolean holds = obstacle.granted != null && lock.conflicts(mode, obstacle, obstacle.granted);
    boolean callBack = lock.has(LockFlags.NOQUEUE_CALLBACK);
    deny(
        lock,
        DenyReason.WOULD_WAIT,
        describe(obstacle, holds ? obstacle.granted : obstacle.requested));
    if (callBack) {
      for (MasterLock holder : List.copyOf(lock.resource.holders)) {
        if (lock.conflicts(mode, holder, holder.granted)) {
          router.deliver(
              holder.slot, new LockMessage.Blocking(holder.id, lock.resource.name.region(), mode));
        }
      }
    }
  }

  private void deny(MasterLock lock, DenyReason reason, Blocker blocker) {
    lock.resource.withdraw(lock);
    if (lock.granted == null) {
      forget(lock);
    }
    router.deliver(
        lock.slot, new LockMessage.Denied(lock.id, lock.resource.name.region(), reason, blocker));
  }

  /** What is known of value blocks here, for the masters of the next view; empties this role. */
  List<LockMessage.ValueReport> retire() {
    List<LockMessage.ValueReport> reports = List.of();
    if (gate != Gate.REBUILDING) {
      reports = new ArrayList<>();
      for (Resource resource : resources.values()) {
        if (resource.generation != 0) {
          MasterLock writer = resource.writer();
          reports.add(
              new LockMessage.ValueReport(
                  resource.name,
                  writer == null ? -1 : writer.slot,
                  writer == null ? 0 : writer.id,
                  resource.generation,
                  resource.value));
        }
      }
    }
    resources.clear();
    locks.clear();
    writers.clear();
    deferredTests.clear();
    gate = Gate.REBUILDING;
    rebuild = new Rebuild();
    return reports;
  }

  void reclaim(int from, LockMessage.Holding holding) {
    if (gate != Gate.REBUILDING) {
      throw new WireException("Slot " + from + " reclaims a lock after it said it was done");
    }
    MasterLock lock =
        add(from, holding.lockId(), holding.name(), holding.range(), holding.cookie());
    lock.granted = holding.granted();
    lock.requested = holding.requested();
    lock.flags = holding.flags();
    Resource resource = lock.resource;
    if (lock.granted != null) {
      MasterLock other = resource.conflictingHolder(lock, lock.granted);
      if (other != null) {
        throw new BrokenInvariantException(
            resource.name
                + " is held "
                + lock.granted
                + " by slot "
                + from
                + " and "
                + other.granted
                + " by slot "
                + other.slot);
      }
      resource.holders.add(lock);
      if (lock.granted.covers(LockMode.PW)) {
        resource.lastWriter = from;
      }
    }
    if (lock.requested != null) {
      resource.enqueue(lock);
    }
    rebuild.note(holding);
  }

  void values(List<LockMessage.ValueReport> reports) {
    reports.forEach(rebuild::note);
  }

  /** All members have reported: recovery requests are served from now on. */
  void reopen() {
    rebuild.settle(resources);
    rebuild = new Rebuild();
    gate = Gate.BLOCKED;
    serveAll();
  }

  void unblock() {
    if (gate == Gate.REBUILDING) {
      throw new BrokenInvariantException("Unblocked before all members have reported");
    }
    gate = Gate.OPEN;
    serveAll();
    while (!deferredTests.isEmpty()) {
      deferredTests.remove().run();
    }
  }

  private void serveAll() {
    for (Resource resource : List.copyOf(resources.values())) {
      serve(resource);
    }
  }
}
