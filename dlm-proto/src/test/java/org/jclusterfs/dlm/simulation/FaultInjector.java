package org.jclusterfs.dlm.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/** Makes things go wrong in a simulated cluster. */
final class FaultInjector {
  private static final long THRESHOLD = ClusterSimulation.THRESHOLD;
  private static final long STEP = THRESHOLD / 10;

  private final ClusterSimulation world;
  private final Faults faults;
  private final Random random;
  private boolean splitting;

  FaultInjector(ClusterSimulation world) {
    this.world = world;
    faults = world.faults;
    random = world.random;
  }

  void start() {
    world.after(STEP, this::strike);
  }

  /** Everything works from now on. */
  void stop() {
    world.network.healAll();
    for (SimNode node : world.nodes) {
      node.diskStalledUntil = 0;
      node.wake();
    }
  }

  private void strike() {
    if (world.quiet) {
      return;
    }
    world.after(STEP, this::strike);
    world.nodes.removeIf(node -> !node.runs());
    for (SimNode node : List.copyOf(world.nodes)) {
      strike(node);
    }
    if (faults.equals(Faults.SPLITS)) {
      splitCleanly();
    } else if (chance(faults.split())) {
      split(livingSlots(), (long) (random.nextDouble() * 3 * THRESHOLD));
    }
  }

  private boolean chance(double perSecond) {
    return perSecond > 0 && random.nextDouble() < perSecond / 10;
  }

  private void strike(SimNode node) {
    if (chance(faults.crash())) {
      if (random.nextBoolean()) {
        world.crashes(node);
      } else {
        node.crashAfter(1 + random.nextInt(30));
      }
    } else if (chance(faults.pause())) {
      pause(node);
    } else if (chance(faults.diskStall())) {
      loseDisk(node);
    } else if (chance(faults.leave())) {
      world.as(node, node::tryToLeave);
    } else if (chance(faults.cut())) {
      cut(node);
    }
  }

  private void pause(SimNode node) {
    int kind = random.nextInt(20);
    double longest = kind < 8 ? 0.3 : kind < 18 ? 2 : 12;
    long until = world.now() + (long) (random.nextDouble() * longest * THRESHOLD);
    node.pause(until);
    world.statistics.add(Statistics.Kind.PAUSES);
    world.log(node.self + " pauses until " + until / 1e9);
  }

  private void loseDisk(SimNode node) {
    boolean forEver = random.nextInt(5) == 0;
    double longest = forEver ? 1000 : 1.5 * random.nextDouble();
    node.diskStalledUntil = world.now() + (long) (longest * THRESHOLD);
    world.statistics.add(Statistics.Kind.DISKS_LOST);
    world.log(
        node.self + " loses its disk " + (forEver ? "" : "until " + node.diskStalledUntil / 1e9));
  }

  private void cut(SimNode node) {
    int from = node.self.slot();
    int to = world.nodes.get(random.nextInt(world.nodes.size())).self.slot();
    if (from != to) {
      long until = world.now() + (long) (random.nextDouble() * 3 * THRESHOLD);
      boolean oneWay = random.nextInt(3) == 0;
      world.network.cut(from, to, until);
      if (!oneWay) {
        world.network.cut(to, from, until);
      }
      world.log(
          "cut from " + from + (oneWay ? " to " : " to and from ") + to + " until " + until / 1e9);
    }
  }

  // ---- splits

  private Set<Integer> livingSlots() {
    Set<Integer> slots = new TreeSet<>();
    for (SimNode node : world.nodes) {
      if (node.runs()) {
        slots.add(node.self.slot());
      }
    }
    return slots;
  }

  /** Cuts some of the slots off; returns them. */
  private Set<Integer> split(Set<Integer> slots, long duration) {
    List<Integer> rest = new ArrayList<>(slots);
    Set<Integer> part = new TreeSet<>();
    if (rest.size() < 2) {
      return part;
    }
    int size = 1 + random.nextInt(rest.size() - 1);
    while (part.size() < size) {
      part.add(rest.remove(random.nextInt(rest.size())));
    }
    int ways = random.nextInt(4);
    long until = world.now() + duration;
    if (ways != 0) {
      world.network.cut(part, Set.copyOf(rest), until);
    }
    if (ways != 1) {
      world.network.cut(Set.copyOf(rest), part, until);
    }
    world.statistics.add(Statistics.Kind.SPLITS);
    world.log("split: " + part + " and " + rest + ", kind " + ways + ", until " + until / 1e9);
    return part;
  }

  /** Splits a whole cluster, and looks which part goes on. */
  private void splitCleanly() {
    View view = wholeView();
    if (splitting || view == null || view.members().size() < 2) {
      return;
    }
    splitting = true;
    Set<Integer> slots = livingSlots();
    Set<Integer> part = split(slots, (long) (3.4 * THRESHOLD));
    Set<Integer> rest = new TreeSet<>(slots);
    rest.removeAll(part);
    boolean partWins =
        part.size() != rest.size()
            ? part.size() > rest.size()
            : part.iterator().next() < rest.iterator().next();
    world.after(
        3 * THRESHOLD,
        () -> {
          if (world.quiet) {
            return; // healed before it was settled
          }
          for (Member member : view.members()) {
            boolean wins = part.contains(member.slot()) == partWins;
            SimNode node = world.nodeOf(member);
            boolean lives = node != null && node.mayWrite();
            world.check(
                lives == wins,
                member + (lives ? " goes on" : " does not go on") + " after a split of " + view);
          }
        });
    world.after(5 * THRESHOLD, () -> splitting = false);
  }

  /** The view in which all nodes live and are served; or null. */
  private View wholeView() {
    View view = null;
    for (SimNode node : world.nodes) {
      View its = node.membership.view();
      boolean settled = node.runs() && its != null && node.membership.unblocked();
      if (!settled
          || its.members().size() != world.nodes.size()
          || node.membership.connected().cardinality() != world.nodes.size() - 1
          || (view != null && !view.equals(its))) {
        return null;
      }
      view = its;
    }
    return view;
  }
}
