package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The master role: the regions that this node masters, with their resources. They stay over changes
 * of the view; only regions whose master was lost are made anew from what the members hold ({@link
 * Rebuild}), and what nodes held that are not in the view any more is dropped.
 *
 * <p>While journals of the dead wait for their replay only recovery's own locks are granted, here
 * as everywhere. The locks of the dead are gone by then, but who waits for them gets nothing before
 * the replay is through.
 *
 * <p>Callbacks (BAST) race with releases and conversions under way. The rule here: a holder is told
 * once per held mode and wanted mode; every change of its mode forgets what it was told, so that it
 * is told again where the new mode still conflicts; a grant carries what is wanted already. The
 * rule of the receiver stands in {@link OwnLocks}.
 */
final class Master {
  private final Router router;
  private final int patience;
  private final Map<Integer, MasterRegion> regions = new LinkedHashMap<>();
  private final Predicate<MasterLock> passes = lock -> !isBlocked() || lock.has(LockFlags.RECOVERY);
  private boolean blocked;
  private Rebuild rebuild = new Rebuild();

  Master(Router router, int patience) {
    this.router = router;
    this.patience = patience;
  }

  int resourceCount() {
    return regions.values().stream().mapToInt(region -> region.resources.size()).sum();
  }

  Collection<MasterRegion> regions() {
    return regions.values();
  }

  /** The region where this node masters it, rebuilds it or is about to send it; else null. */
  MasterRegion region(int number) {
    return regions.get(number);
  }

  /** Becomes the master of a region. */
  void put(MasterRegion region) {
    if (regions.put(region.number, region) != null) {
      throw new BrokenInvariantException("Region " + region.number + " is mastered here already");
    }
  }

  void remove(MasterRegion region) {
    regions.remove(region.number);
  }

  boolean isBlocked() {
    return blocked;
  }

  private MasterRegion of(LockMessage.ToMaster message) {
    return regions.get(message.region());
  }

  void request(int from, LockMessage.Request message) {
    MasterLock lock =
        of(message).add(from, message.lockId(), message.name(), message.range(), message.cookie());
    lock.flags = message.flags();
    lock.requested = message.mode();
    lock.resource.enqueue(lock);
    serve(lock.resource);
  }

  void convert(int from, LockMessage.Convert message) {
    MasterLock lock = held(from, message.lockId(), of(message));
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
    MasterRegion region = of(message);
    MasterLock lock = held(from, message.lockId(), region);
    writerLeaves(lock, message.flags(), message.value());
    region.forget(lock);
    serve(lock.resource);
  }

  private void writerLeaves(MasterLock lock, int flags, byte[] written) {
    if (!lock.isWriter()) {
      return;
    }
    if (regionOf(lock.resource).state == MasterRegion.State.REBUILDING) {
      rebuild.writerLeaves(lock.resource.name, flags, written);
    } else {
      lock.resource.writerLeaves(flags, written);
    }
  }

  private MasterRegion regionOf(Resource resource) {
    return regions.get(resource.name.region());
  }

  private static MasterLock held(int from, long lockId, MasterRegion region) {
    MasterLock lock = region.lock(from, lockId);
    if (lock == null || lock.granted == null) {
      throw new WireException("Slot " + from + " does not hold lock " + lockId);
    }
    return lock;
  }

  void cancel(int from, LockMessage.Cancel message) {
    MasterRegion region = of(message);
    MasterLock lock = region.lock(from, message.lockId());
    if (lock == null || lock.requested == null) {
      return; // the answer is on its way already
    }
    if (region.state == MasterRegion.State.MOVING) {
      lock.cancelled = true; // the new master answers
      return;
    }
    deny(lock, DenyReason.CANCELLED, null);
    serve(lock.resource);
  }

  void test(int from, LockMessage.Test message) {
    MasterRegion region = of(message);
    if (blocked || region.state != MasterRegion.State.SERVING) {
      region.queries.add(new MasterRegion.Query(from, message));
      return;
    }
    Resource resource = region.resources.get(message.name());
    MasterLock blocker = null;
    if (resource != null) {
      MasterLock probe = new MasterLock(resource, from, 0, message.range(), message.cookie());
      blocker = resource.conflictingHolder(probe, message.mode());
    }
    Blocker answer = blocker == null ? null : describe(blocker, blocker.granted);
    router.toOwner(
        from, region.epoch, new LockMessage.Tested(message.queryId(), region.number, answer));
  }

  private static Blocker describe(MasterLock lock, LockMode mode) {
    return new Blocker(lock.slot, lock.range, mode, lock.cookie);
  }

  /** Grants what can be granted, denies what may not wait, and tells the holders in the way. */
  private void serve(Resource resource) {
    if (!resource.hasWaiters() || regionOf(resource).state != MasterRegion.State.SERVING) {
      return;
    }
    List<MasterLock> granted = new ArrayList<>();
    boolean again = true;
    while (again) {
      again = false;
      for (MasterLock lock : resource.waiters()) {
        if (lock.requested == null || !passes.test(lock)) {
          continue;
        }
        MasterLock obstacle = resource.obstacle(lock, passes);
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
    LockMode wanted = resource.wantedFrom(lock, passes);
    lock.told = wanted;
    boolean wantsValue = lock.has(LockFlags.VALUE) && lock.granted != LockMode.NL;
    Grant grant =
        new Grant(
            lock.granted, wantsValue ? resource.value : null, resource.generation, fromAnother);
    router.toOwner(
        lock.slot,
        resource.epoch,
        new LockMessage.Granted(lock.id, resource.name.region(), grant, wanted));
  }

  private void tell(MasterLock holder) {
    LockMode wanted = holder.resource.wantedFrom(holder, passes);
    if (wanted != null && (holder.told == null || wanted.ordinal() > holder.told.ordinal())) {
      holder.told = wanted;
      callBack(holder, wanted);
    }
  }

  private void callBack(MasterLock holder, LockMode wanted) {
    Resource resource = holder.resource;
    router.toOwner(
        holder.slot,
        resource.epoch,
        new LockMessage.Blocking(holder.id, resource.name.region(), wanted));
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
          callBack(holder, mode);
        }
      }
    }
  }

  private void deny(MasterLock lock, DenyReason reason, Blocker blocker) {
    Resource resource = lock.resource;
    resource.withdraw(lock);
    if (lock.granted == null) {
      regionOf(resource).forget(lock);
    }
    router.toOwner(
        lock.slot,
        resource.epoch,
        new LockMessage.Denied(lock.id, resource.name.region(), reason, blocker));
  }

  /**
   * Enters a view: what is half rebuilt is given up, since all is reported again, and what the
   * departed held is dropped.
   *
   * @param departed slots of incarnations that are not in the view any more
   * @param journalsWait whether only recovery's own locks are granted from now on
   */
  void enter(Set<Integer> departed, boolean journalsWait) {
    blocked = journalsWait;
    rebuild = new Rebuild();
    regions.values().removeIf(region -> region.state == MasterRegion.State.REBUILDING);
    regions.values().forEach(region -> region.purge(departed));
    serveAll();
  }

  /** A member holds this in a region whose master was lost, and which this node masters now. */
  void reclaim(int from, long epoch, LockMessage.Holding holding) {
    MasterRegion region =
        regions.computeIfAbsent(
            holding.name().region(),
            number -> new MasterRegion(number, epoch, patience, MasterRegion.State.REBUILDING));
    if (region.epoch != epoch || region.state != MasterRegion.State.REBUILDING) {
      throw new WireException(
          "Slot " + from + " reclaims a lock in region " + region.number + ", which has a master");
    }
    MasterLock lock =
        region.add(from, holding.lockId(), holding.name(), holding.range(), holding.cookie());
    lock.flags = holding.flags();
    restore(region, lock, holding.granted(), holding.requested());
    rebuild.note(holding);
  }

  private static void restore(
      MasterRegion region, MasterLock lock, LockMode granted, LockMode requested) {
    Resource resource = lock.resource;
    if (granted != null) {
      lock.granted = granted;
      MasterLock other = resource.conflictingHolder(lock, granted);
      if (other != null) {
        throw new BrokenInvariantException(
            String.format(
                "%s is held %s by slot %d and %s by slot %d",
                resource.name, granted, lock.slot, other.granted, other.slot));
      }
      resource.holders.add(lock);
      resource.lastWriter = Resource.MANY_WRITERS;
      region.forgottenWriter = Resource.MANY_WRITERS;
    }
    if (requested != null) {
      lock.requested = requested;
      resource.enqueue(lock);
    }
  }

  /** All members have reclaimed: what was rebuilt is served from now on. */
  void settle() {
    for (MasterRegion region : regions.values()) {
      if (region.state == MasterRegion.State.REBUILDING) {
        rebuild.settle(region.resources.values());
        region.state = MasterRegion.State.SERVING;
      }
    }
    rebuild = new Rebuild();
    serveAll();
  }

  void unblock() {
    blocked = false;
    serveAll();
  }

  private void serveAll() {
    List.copyOf(regions.values()).forEach(this::serveAll);
  }

  private void serveAll(MasterRegion region) {
    if (region.state != MasterRegion.State.SERVING) {
      return;
    }
    for (Resource resource : List.copyOf(region.resources.values())) {
      serve(resource);
    }
    while (!blocked && !region.queries.isEmpty()) {
      MasterRegion.Query query = region.queries.remove();
      test(query.slot(), query.test());
    }
  }

  // ---- a region that moves here or away

  /** All of a region: value blocks, then locks and queries in the order of service. */
  static List<LockMessage.Value> values(MasterRegion region) {
    List<LockMessage.Value> values = new ArrayList<>();
    for (Resource resource : region.resources.values()) {
      if (resource.generation != 0) {
        values.add(new LockMessage.Value(resource.name, resource.generation, resource.value));
      }
    }
    return values;
  }

  /** As {@link #values}. */
  static List<LockMessage.Entry> entries(MasterRegion region, View view) {
    List<LockMessage.Entry> entries = new ArrayList<>();
    for (Resource resource : region.resources.values()) {
      for (MasterLock lock : resource.holders) {
        if (lock.requested == null) {
          entries.add(entry(lock, view));
        }
      }
      resource.waiters().forEach(lock -> entries.add(entry(lock, view)));
    }
    for (MasterRegion.Query query : region.queries) {
      LockMessage.Test test = query.test();
      entries.add(
          new LockMessage.Entry(
              LockMessage.Kind.QUERY,
              view.member(query.slot()),
              test.queryId(),
              test.name(),
              null,
              test.mode(),
              0,
              test.range(),
              test.cookie()));
    }
    return entries;
  }

  private static LockMessage.Entry entry(MasterLock lock, View view) {
    return new LockMessage.Entry(
        lock.cancelled ? LockMessage.Kind.CANCELLED : LockMessage.Kind.LOCK,
        view.member(lock.slot),
        lock.id,
        lock.resource.name,
        lock.granted,
        lock.requested,
        lock.flags,
        lock.range,
        lock.cookie);
  }

  /** Serves a region that another node has sent. */
  void take(
      MasterRegion region,
      List<LockMessage.Value> values,
      List<LockMessage.Entry> entries,
      View view) {
    put(region);
    Set<Integer> departed = new HashSet<>();
    List<MasterLock> cancelled = new ArrayList<>();
    for (LockMessage.Entry entry : entries) {
      int slot = entry.owner().slot();
      if (!view.contains(entry.owner())) {
        departed.add(slot);
      }
      if (entry.kind() == LockMessage.Kind.QUERY) {
        LockMessage.Test test =
            new LockMessage.Test(
                entry.lockId(), entry.name(), entry.requested(), entry.range(), entry.cookie());
        region.queries.add(new MasterRegion.Query(slot, test));
        continue;
      }
      MasterLock lock =
          region.add(slot, entry.lockId(), entry.name(), entry.range(), entry.cookie());
      lock.flags = entry.flags();
      restore(region, lock, entry.granted(), entry.requested());
      if (entry.kind() == LockMessage.Kind.CANCELLED) {
        cancelled.add(lock);
      }
    }
    for (LockMessage.Value value : values) {
      Resource resource = region.resources.get(value.name());
      if (resource != null) {
        resource.value = value.value();
        resource.generation = value.generation();
      }
    }
    region.purge(departed);
    region.state = MasterRegion.State.SERVING;
    for (MasterLock lock : cancelled) {
      if (region.lock(lock.slot, lock.id) == lock) {
        deny(lock, DenyReason.CANCELLED, null);
      }
    }
    serveAll(region);
  }
}
