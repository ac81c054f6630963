package org.jclusterfs.dlm.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/**
 * What must hold, checked after each event that can break it. An observer of the whole cluster: no
 * node sees this.
 */
final class Invariants {
  private static final byte[] UNKNOWN = new byte[0];

  private record RegionEpoch(int region, long epoch) {}

  private final ClusterSimulation world;
  private final Map<LockName, List<AppLock>> held = new HashMap<>();
  private final Map<LockName, byte[]> values = new HashMap<>();
  private final Map<Long, List<Member>> installedViews = new HashMap<>();
  private final Map<RegionEpoch, Member> masters = new HashMap<>();
  private final Map<Member, SimNode> replayers = new HashMap<>();
  private final Set<Member> everReplayed = new HashSet<>();

  Invariants(ClusterSimulation world) {
    this.world = world;
  }

  private void check(boolean condition, String message) {
    if (!condition) {
      world.fail(message);
    }
  }

  // ---- locks

  /** A mode is granted; nobody who may still write holds one that conflicts with it. */
  void granted(SimNode node, AppLock lock, Grant grant) {
    List<AppLock> holders = held.computeIfAbsent(lock.name, name -> new ArrayList<>(4));
    if (!holders.contains(lock)) {
      holders.add(lock);
    }
    if (!node.mayWrite()) {
      lock.superseded = true; // what it holds from now on counts for nobody
      return;
    }
    world.statistics.add(Statistics.Kind.GRANTS);
    if (lock.name.type() != Application.RECOVERY_TYPE) {
      // What a master granted before it knew of a death may arrive until the replay begins.
      for (Map.Entry<Member, SimNode> replay : replayers.entrySet()) {
        if (replay.getValue().mayWrite()) {
          world.fail(
              node.self
                  + " is granted a lock while the journal of "
                  + replay.getKey()
                  + " is replayed");
        }
      }
    }
    for (AppLock other : holders) {
      if (other.owner != node && lock.conflictsWith(other)) {
        other.superseded = true;
        if (other.owner.mayWrite()) {
          world.fail("Granted together: " + lock + " and " + other);
        }
      }
    }
    if (lock.held.covers(LockMode.PR) && lock.range.isWhole()) {
      Member writer = world.disk.journaledBy(lock.name);
      if (writer != null && !writer.equals(node.self)) {
        world.fail(lock + " is granted while its block is only in the journal of " + writer);
      }
      if (grant.value() == null) {
        world.statistics.add(Statistics.Kind.VALUES_INVALID);
      } else {
        world.statistics.add(Statistics.Kind.VALUES_VALID);
        if (!Arrays.equals(grant.value(), values.get(lock.name))) {
          world.fail("The value block that came with " + lock + " is not the last one written");
        }
      }
    }
  }

  /** A lock is given up. */
  void released(AppLock lock) {
    List<AppLock> holders = held.get(lock.name);
    if (holders != null) {
      holders.remove(lock);
    }
  }

  /** The holder of PW or EX gives it up: the value block is written, or invalid where null. */
  void wroteValue(AppLock lock, byte[] value) {
    if (!lock.superseded) {
      values.put(lock.name, value == null ? UNKNOWN : value);
    }
  }

  /** A node is gone: what it could write nobody knows. */
  void gone(SimNode node, Iterable<AppLock> locks) {
    for (AppLock lock : locks) {
      if (lock.isWriter()) {
        wroteValue(lock, null);
      }
      released(lock);
    }
  }

  // ---- the shared disk

  /** A write arrives at the disk, and is not refused there. */
  void writeLands(SimNode node, AppLock lock, boolean journal) {
    check(
        !everReplayed.contains(node.self),
        "A write of " + node.self + " lands after its journal was read for replay");
    check(!world.disk.isFenced(node.self), "A write of the fenced " + node.self + " lands");
    for (AppLock other : held.getOrDefault(lock.name, List.of())) {
      if (other != lock && other.owner != node && lock.conflictsWith(other)) {
        check(
            !other.owner.mayWrite(),
            "A write of " + node.self + " to " + lock.name + " lands while it is held by " + other);
      }
    }
    world.statistics.add(Statistics.Kind.WRITES);
    if (journal) {
      world.disk.journal(lock.name, node.self);
    } else {
      world.disk.written(lock.name, node.self);
    }
  }

  // ---- mastership

  /** No region has had two masters in one epoch. */
  void masters(SimNode node) {
    Map<Integer, Long> mastered = node.engine.masteredRegions();
    if (mastered.equals(node.masteredBefore)) {
      return;
    }
    node.masteredBefore = mastered;
    mastered.forEach(
        (region, epoch) -> {
          Member other = masters.putIfAbsent(new RegionEpoch(region, epoch), node.self);
          if (other != null && !other.equals(node.self)) {
            world.fail(
                "Region "
                    + region
                    + " has two masters in epoch "
                    + epoch
                    + ": "
                    + other
                    + " and "
                    + node.self);
          }
        });
  }

  // ---- membership and recovery

  void installed(View view) {
    List<Member> members = installedViews.putIfAbsent(view.number(), view.members());
    check(
        members == null || members.equals(view.members()),
        "View " + view.number() + " was agreed twice: " + members + " and " + view.members());
  }

  /** A node is taken for dead. Where the network is whole, it must have stopped by itself. */
  void fenceRequested(Member victim, boolean networkIsWhole) {
    SimNode judged = world.nodeOf(victim);
    check(
        !networkIsWhole || judged == null || !judged.mayWrite(),
        victim + " is taken for dead and may still write");
  }

  void replayBegins(SimNode replayer, Member dead) {
    check(
        world.disk.isFenced(dead) || !world.disk.claims.containsValue(dead.incarnation()),
        "The journal of " + dead + " is read before it is fenced");
    SimNode other = replayers.put(dead, replayer);
    check(
        other == null || other == replayer || !other.mayWrite(),
        "The journal of " + dead + " is replayed by two");
    everReplayed.add(dead);
  }

  void replayEnds(SimNode replayer, Member dead) {
    replayers.remove(dead, replayer);
  }

  // ---- when the faults have stopped

  /** Holders have only been asked to give back what they hold; every waiter has been served. */
  void everybodyIsServed(Iterable<SimNode> nodes) {
    for (SimNode node : nodes) {
      if (node.runs()) {
        for (AppLock lock : node.app.locks()) {
          check(lock.pending == null, node.self + " was not served: " + lock);
        }
        check(node.app.openQueries() == 0, "A query of " + node.self + " was not answered");
      }
    }
  }

  /** All that was held has been given back. */
  void settled(Iterable<SimNode> nodes) {
    View view = null;
    int living = 0;
    for (SimNode node : nodes) {
      if (!node.runs()) {
        continue;
      }
      living++;
      check(node.membership.view() != null, node.self + " was never admitted");
      check(node.membership.unblocked(), node.self + " is still blocked");
      view = view == null ? node.membership.view() : view;
      check(
          view.equals(node.membership.view()),
          "Two views: " + view + " and " + node.membership.view());
      check(!node.app.locks().iterator().hasNext(), node.self + " could not give its locks back");
    }
    check(living > 0 && view.members().size() == living, living + " nodes live, view " + view);
    check(world.disk.claims.size() == living, "Slots left behind: " + world.disk.claims);
  }
}
