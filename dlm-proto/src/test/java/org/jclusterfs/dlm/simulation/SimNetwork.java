package org.jclusterfs.dlm.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.simulation.SimConnection.Frame;

/**
 * Carries frames between the ends of connections. Where it is lossy each frame may be lost, come
 * twice or be overtaken, though its connection lives; else a connection is a stream: what a cut
 * keeps back arrives after it, unless one end has given the connection up by then.
 */
final class SimNetwork {
  static final long PING = ClusterSimulation.THRESHOLD / 5;
  static final long SILENCE = 3 * PING;
  private static final int LATENCY = 8_000_000;

  private final ClusterSimulation world;
  private final Random random;
  private final Faults faults;
  // From a slot to a slot, until when nothing gets through.
  private final Map<Integer, Long> cuts = new HashMap<>();

  SimNetwork(ClusterSimulation world, Faults faults) {
    this.world = world;
    this.faults = faults;
    random = world.random;
  }

  long now() {
    return world.now();
  }

  // ---- cuts

  void cut(int from, int to, long until) {
    cuts.merge(key(from, to), until, Math::max);
    world.statistics.add(Statistics.Kind.CUTS);
  }

  void cut(Set<Integer> from, Set<Integer> to, long until) {
    for (int a : from) {
      for (int b : to) {
        cut(a, b, until);
      }
    }
  }

  void healAll() {
    cuts.clear();
  }

  boolean isCut(int from, int to) {
    return cutUntil(from, to) > now();
  }

  private long cutUntil(int from, int to) {
    return cuts.isEmpty() ? 0 : cuts.getOrDefault(key(from, to), 0L);
  }

  private static int key(int from, int to) {
    return from << 16 | to;
  }

  private boolean lossy() {
    return faults.isLossy() && !world.quiet;
  }

  // ---- packets that belong to no connection yet

  /** Brings something to a node that runs and is reached, perhaps. */
  void packet(int from, Member to, Consumer<SimNode> what) {
    if (isCut(from, to.slot()) || (lossy() && random.nextDouble() < faults.loss())) {
      return;
    }
    world.after(
        1 + random.nextInt(LATENCY / 2),
        () -> {
          SimNode node = world.nodeOf(to);
          if (node != null && !isCut(from, to.slot())) {
            world.on(node, () -> what.accept(node));
          }
        });
  }

  // ---- connections

  void opened(SimConnection end) {
    world.statistics.add(Statistics.Kind.CONNECTIONS);
    world.after(PING, () -> keepAlive(end));
  }

  private void keepAlive(SimConnection end) {
    if (!end.isOpen() || !end.owner.runs()) {
      return;
    }
    if (end.owner.isPaused()) {
      end.owner.whenAwake(() -> keepAlive(end));
      return;
    }
    world.as(end.owner, end::keepAlive);
    if (end.isOpen()) {
      world.after(PING, () -> keepAlive(end));
    }
  }

  /** Both ends know each other: what the first has written so far leaves. */
  void joined(SimConnection end) {
    SimConnection other = end.other();
    List<Frame> frames = List.copyOf(other.unjoined);
    other.unjoined.clear();
    frames.forEach(frame -> transmit(other, frame));
  }

  /** An end is being closed: the other one hears it, if anything gets there. */
  void closing(SimConnection end) {
    SimConnection other = end.other();
    if (other != null) {
      packet(end.owner.self.slot(), other.owner.self, node -> other.end());
    }
  }

  void transmit(SimConnection from, Frame frame) {
    SimConnection to = from.other();
    if (to == null) {
      from.unjoined.add(frame);
      return;
    }
    if (!to.isOpen()) {
      return;
    }
    world.statistics.add(Statistics.Kind.FRAMES);
    if (!lossy()) {
      enter(to, to.arriving.size(), frame);
      return;
    }
    double dice = random.nextDouble();
    if (dice < faults.loss() || isCut(from.owner.self.slot(), to.owner.self.slot())) {
      world.statistics.add(Statistics.Kind.FRAMES_LOST);
      return;
    }
    dice -= faults.loss();
    boolean overtakes = dice < faults.reordering() && !to.arriving.isEmpty();
    if (overtakes) {
      world.statistics.add(Statistics.Kind.FRAMES_OVERTAKEN);
    }
    enter(to, overtakes ? random.nextInt(to.arriving.size()) : to.arriving.size(), frame);
    if (random.nextDouble() < faults.duplication()) {
      world.statistics.add(Statistics.Kind.FRAMES_TWICE);
      enter(to, random.nextInt(to.arriving.size() + 1), frame);
    }
  }

  private void enter(SimConnection to, int place, Frame frame) {
    to.arriving.add(place, frame);
    if (to.arriving.size() == 1) {
      world.after(1 + random.nextInt(LATENCY), () -> deliver(to));
    }
  }

  private void deliver(SimConnection to) {
    if (!to.isOpen() || to.arriving.isEmpty() || !to.owner.runs()) {
      return;
    }
    if (to.owner.isPaused()) {
      to.owner.whenAwake(() -> deliver(to));
      return;
    }
    int from = to.other().owner.self.slot();
    if (isCut(from, to.owner.self.slot())) {
      if (lossy()) {
        world.statistics.add(Statistics.Kind.FRAMES_LOST, to.arriving.size());
        to.arriving.clear();
      } else {
        world.after(PING, () -> deliver(to));
      }
      return;
    }
    List<Frame> batch = to.arriving.subList(0, 1 + random.nextInt(Math.min(4, to.arriving.size())));
    List<Frame> frames = new ArrayList<>(batch);
    batch.clear();
    if (!to.arriving.isEmpty()) {
      world.after(1 + random.nextInt(LATENCY / 4), () -> deliver(to));
    }
    world.as(to.owner, () -> to.receive(frames));
  }
}
