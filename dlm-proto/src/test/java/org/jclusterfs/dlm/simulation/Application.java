package org.jclusterfs.dlm.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jclusterfs.dlm.DenyReason;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockEngine;
import org.jclusterfs.dlm.LockFlags;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;

/**
 * Uses locks as a filesystem does: asks for them in all modes, whole or by ranges, trying or
 * waiting; converts and calls off; writes blocks and value blocks under them; gives them back when
 * asked, after what it writes is on the disk.
 */
final class Application {
  /** Locks of recovery itself, which protect no block. */
  static final int RECOVERY_TYPE = 9;

  private static final int BLOCK_TYPE = 2;
  private static final int RANGE_TYPE = 6;
  private static final int MOST_LOCKS = 5;

  private final SimNode node;
  private final ClusterSimulation world;
  private final Random random;
  private final Map<Long, AppLock> locks = new LinkedHashMap<>();
  private int queries;
  private int favourite;
  private boolean leaving;

  Application(SimNode node) {
    this.node = node;
    world = node.world;
    random = world.random;
    favourite = random.nextInt(ClusterSimulation.REGIONS);
  }

  Iterable<AppLock> locks() {
    return locks.values();
  }

  boolean hasLocks() {
    return !locks.isEmpty();
  }

  int openQueries() {
    return queries;
  }

  // ---- what it does by itself

  /** Does one thing. */
  void act() {
    if (leaving) {
      return;
    }
    if (random.nextInt(60) == 0) {
      favourite = random.nextInt(ClusterSimulation.REGIONS);
    }
    int choice = random.nextInt(20);
    if (choice == 0) {
      query();
    } else if (choice == 1 && random.nextInt(4) == 0) {
      node.engine.claim(random.nextInt(ClusterSimulation.REGIONS));
    } else if (locks.size() < MOST_LOCKS && choice < 10) {
      request();
    } else if (!locks.isEmpty()) {
      use(any(), choice);
    }
  }

  private AppLock any() {
    int index = random.nextInt(locks.size());
    for (AppLock lock : locks.values()) {
      if (index-- == 0) {
        return lock;
      }
    }
    throw new AssertionError();
  }

  private void query() {
    queries++;
    world.statistics.add(Statistics.Kind.QUERIES);
    node.engine.test(
        node.engine.newLockId(),
        name(RANGE_TYPE),
        LockMode.values()[random.nextInt(6)],
        range(),
        node.self.slot());
  }

  private LockName name(int type) {
    int region = random.nextInt(3) == 0 ? random.nextInt(ClusterSimulation.REGIONS) : favourite;
    return new LockName(type, region, random.nextInt(2));
  }

  private LockRange range() {
    int start = random.nextInt(100);
    return new LockRange(start, start + random.nextInt(40));
  }

  private int tryFlags() {
    int dice = random.nextInt(8);
    return dice == 0
        ? LockFlags.NOQUEUE
        : dice == 1 ? LockFlags.NOQUEUE | LockFlags.NOQUEUE_CALLBACK : 0;
  }

  private void request() {
    int dice = random.nextInt(12);
    int type = dice < 3 ? RANGE_TYPE : dice == 3 ? RECOVERY_TYPE : BLOCK_TYPE;
    LockRange range = type == RANGE_TYPE ? range() : LockRange.WHOLE;
    int flags = LockFlags.VALUE | tryFlags() | (type == RECOVERY_TYPE ? LockFlags.RECOVERY : 0);
    AppLock lock = new AppLock(node, node.engine.newLockId(), name(type), range);
    locks.put(lock.id, lock);
    lock.pending = LockMode.values()[random.nextInt(6)];
    world.trace(() -> "asks " + lock);
    node.engine.request(lock.id, lock.name, lock.pending, flags, range, node.self.slot());
  }

  private void use(AppLock lock, int choice) {
    if (lock.pending != null) {
      if (choice == 19) {
        cancel(lock);
      }
    } else if (choice < 13 && lock.isWriter() && lock.name.type() == BLOCK_TYPE) {
      write(lock);
    } else if (lock.writes > 0) {
      return;
    } else if (choice < 16) {
      release(lock);
    } else {
      convert(lock, LockMode.values()[random.nextInt(6)]);
    }
  }

  private void cancel(AppLock lock) {
    lock.cancelled = true;
    world.statistics.add(Statistics.Kind.CANCELS);
    node.engine.cancel(lock.id);
  }

  private void convert(AppLock lock, LockMode mode) {
    boolean down = lock.held.covers(mode);
    if (down && lock.held != mode && withdraws(lock)) {
      return;
    }
    int flags = LockFlags.VALUE | (lock.name.type() == RECOVERY_TYPE ? LockFlags.RECOVERY : 0);
    byte[] value = null;
    if (!down) {
      flags |= tryFlags();
    } else if (lock.isWriter() && lock.held != mode) {
      value = newValue();
      flags |= noteValue(lock, value);
    }
    if (down) {
      lock.held = mode;
    } else if (!mode.covers(lock.held)) {
      lock.held = LockMode.CR;
    }
    lock.pending = mode;
    lock.cancelled = false;
    world.trace(() -> "converts " + lock);
    node.engine.convert(lock.id, mode, flags, value);
  }

  /** A new value block, or null. */
  private byte[] newValue() {
    return random.nextInt(4) == 0
        ? null
        : ByteBuffer.allocate(LockEngine.VALUE_SIZE).putLong(world.nextValue()).array();
  }

  private int noteValue(AppLock lock, byte[] value) {
    if (value == null && random.nextBoolean()) {
      return LockFlags.KEEP_VALUE;
    }
    world.invariants.wroteValue(lock, value);
    world.plant.wroteValue(world, lock, value);
    return 0;
  }

  /**
   * A writer's lock goes down after what it covers is on the disk: a node that may not write any
   * more finds that out here, at the latest.
   */
  private boolean withdraws(AppLock lock) {
    boolean cannotWrite = lock.isWriter() && !node.mayWrite();
    if (cannotWrite) {
      world.after(0, () -> world.withdraws(node, "it cannot write what it changed"));
    }
    return cannotWrite;
  }

  private void release(AppLock lock) {
    if (withdraws(lock)) {
      return;
    }
    byte[] value = lock.isWriter() ? newValue() : null;
    int flags = lock.isWriter() ? noteValue(lock, value) : 0;
    world.trace(() -> "releases " + lock);
    locks.remove(lock.id);
    world.invariants.released(lock);
    node.engine.unlock(lock.id, flags, value);
  }

  // ---- writes to the shared disk

  private void write(AppLock lock) {
    if (!node.passesGate()) {
      return;
    }
    lock.writes++;
    // A process may stand still between the gate and the wire.
    world.after(random.nextInt(100_000), () -> world.on(node, () -> submit(lock, true)));
  }

  private void submit(AppLock lock, boolean journal) {
    world.io(
        node,
        () -> {
          if (world.disk.refuses(node.self)) {
            world.statistics.add(Statistics.Kind.WRITES_REFUSED);
            world.on(node, () -> world.withdraws(node, "a write is refused"));
            return;
          }
          world.invariants.writeLands(node, lock, journal);
          if (journal) {
            world.on(node, () -> submit(lock, false));
          } else {
            world.on(
                node,
                () -> {
                  lock.writes--;
                  if (lock.releasing) {
                    giveBack(lock);
                  }
                });
          }
        });
  }

  // ---- what the engine tells

  void granted(long lockId, Grant told) {
    AppLock lock = locks.get(lockId);
    world.check(
        lock != null && lock.pending == told.mode(), node.self + ": unexpected grant " + lockId);
    Grant grant = world.plant.granted(world, lock, told);
    boolean weakened = lock.held == grant.mode();
    lock.held = grant.mode();
    lock.pending = null;
    world.trace(() -> "granted " + lock + " " + describe(grant));
    if (!lock.range.isWhole()) {
      world.statistics.add(Statistics.Kind.RANGES);
    }
    if (!weakened) {
      world.invariants.granted(node, lock, grant);
    }
    if (lock.cancelled || leaving || random.nextBoolean()) {
      giveBackSoon(lock);
    }
  }

  private static String describe(Grant grant) {
    return "generation "
        + grant.valueGeneration()
        + " value "
        + (grant.value() == null ? "invalid" : ByteBuffer.wrap(grant.value()).getLong());
  }

  void denied(long lockId, DenyReason reason) {
    AppLock lock = locks.get(lockId);
    world.check(lock != null && lock.pending != null, node.self + ": unexpected denial " + lockId);
    world.trace(() -> "denied " + reason + " " + lock);
    if (reason == DenyReason.DEADLOCK) {
      world.statistics.add(Statistics.Kind.DEADLOCKS);
    } else if (reason == DenyReason.WOULD_WAIT) {
      world.statistics.add(Statistics.Kind.TRIES_DENIED);
    }
    lock.pending = null;
    if (lock.held == null) {
      locks.remove(lockId);
    } else {
      giveBackSoon(lock);
    }
  }

  void blocking(long lockId, LockMode wanted) {
    AppLock lock = locks.get(lockId);
    world.check(
        lock != null && lock.held != null && !lock.held.compatibleWith(wanted),
        node.self + ": callback for a lock that does not conflict");
    world.statistics.add(Statistics.Kind.CALLBACKS);
    if (lock.pending == null) {
      giveBackSoon(lock);
    } else if (random.nextBoolean()) { // else the engine has to find the circle, if it is one
      // As the filesystem does: nobody waits for an upgrade while others want the lower mode.
      lock.cancelled = true;
      world.after(1, () -> world.as(node, () -> node.engine.cancel(lockId)));
    }
  }

  void tested() {
    queries--;
    world.check(queries >= 0, node.self + ": a query was answered twice");
  }

  private void giveBackSoon(AppLock lock) {
    if (!lock.releasing) {
      lock.releasing = true;
      world.after(1 + random.nextInt(30_000_000), () -> world.as(node, () -> giveBack(lock)));
    }
  }

  private void giveBack(AppLock lock) {
    if (lock.writes == 0) {
      lock.releasing = false;
      if (locks.get(lock.id) == lock && lock.pending == null) {
        release(lock);
      }
    }
  }

  // ---- the end

  /** Gives back or calls off all that it has. */
  void releaseAll() {
    for (AppLock lock : new ArrayList<>(locks.values())) {
      if (lock.pending != null) {
        cancel(lock);
      } else {
        giveBackSoon(lock);
      }
    }
  }

  /** Asks for nothing more. */
  void leave() {
    leaving = true;
    releaseAll();
  }
}
