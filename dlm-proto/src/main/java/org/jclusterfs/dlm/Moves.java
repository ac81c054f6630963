package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Regions on their way from this node and to it.
 *
 * <p>The old master tells all who use the region, the directory and the new master who that will be
 * ({@link LockMessage.Moved}). From then on they send to the new one, in the next epoch, where it
 * waits; the last thing that the old one hears of each is {@link LockMessage.Drained}. Meanwhile it
 * answers nothing. When all have drained it has everything that was ever sent to it, and sends it
 * whole. Who was not told, since it used nothing in the region, is told when it asks.
 */
final class Moves {
  // A region hot on several nodes must not wander for ever: each move makes the next one later.
  private static final int LAST_PATIENCE = 1 << 16;

  /** What moves need of the engine. */
  interface Host {
    View view();

    void send(int slot, long epoch, LockMessage message);

    /** Takes note of a region's new master. */
    void learn(int region, Mastership mastership);

    /** A region has come here: what was sent to it before is handled now. */
    void arrived(MasterRegion region);

    /** A region is served by the node that it was sent to. */
    void taken();
  }

  private record Outgoing(MasterRegion region, Member to, Set<Integer> awaited) {
    LockMessage.Moved announcement() {
      return new LockMessage.Moved(region.number, region.epoch + 1, to, 0);
    }
  }

  private record Incoming(
      Member from, long epoch, List<LockMessage.Value> values, List<LockMessage.Entry> entries) {}

  private final Host host;
  private final Master master;
  private final int selfSlot;
  private final Map<Integer, Outgoing> outgoing = new TreeMap<>();
  private final Map<Integer, Incoming> incoming = new TreeMap<>();
  private final Map<Integer, Member> untaken = new HashMap<>();

  Moves(Host host, Master master, int selfSlot) {
    this.host = host;
    this.master = master;
    this.selfSlot = selfSlot;
  }

  /** Whether nothing that was to leave this node is on its way any more. */
  boolean allGone() {
    return outgoing.isEmpty() && untaken.isEmpty();
  }

  /** Regions that will be mastered here, with their epochs. */
  List<LockMessage.RegionEpoch> coming() {
    List<LockMessage.RegionEpoch> regions = new ArrayList<>();
    incoming.forEach(
        (region, move) -> regions.add(new LockMessage.RegionEpoch(region, move.epoch())));
    return regions;
  }

  /**
   * Somebody asked for something in a region: where one other node alone did so for long, it gets
   * the region.
   */
  void used(MasterRegion region, int slot) {
    if (region.lastUser != slot) {
      region.lastUser = slot;
      region.usesInRow = 0;
    }
    if (++region.usesInRow < region.patience || slot == selfSlot) {
      return;
    }
    if (region.hasWaiters() || master.isBlocked()) {
      region.usesInRow = region.patience / 2;
    } else {
      start(region, host.view().member(slot));
    }
  }

  /** Gives every region that others use to one of them. */
  void giveAllAway() {
    for (MasterRegion region : List.copyOf(master.regions())) {
      if (region.state != MasterRegion.State.SERVING) {
        continue;
      }
      Map<Integer, Integer> locks = new LinkedHashMap<>();
      region.locks.values().forEach(lock -> locks.merge(lock.slot, 1, Integer::sum));
      locks.remove(selfSlot);
      locks.entrySet().stream()
          .max(Map.Entry.comparingByValue())
          .ifPresent(most -> start(region, host.view().member(most.getKey())));
    }
  }

  private void start(MasterRegion region, Member to) {
    region.state = MasterRegion.State.MOVING;
    Set<Integer> awaited = new TreeSet<>(region.users());
    awaited.add(to.slot());
    awaited.add(host.view().directoryOf(region.number));
    awaited.remove(selfSlot);
    Outgoing move = new Outgoing(region, to, awaited);
    outgoing.put(region.number, move);
    host.learn(region.number, new Mastership(to, region.epoch + 1));
    announce(move);
  }

  private void announce(Outgoing move) {
    for (int slot : List.copyOf(move.awaited())) {
      host.send(slot, move.region().epoch + 1, move.announcement());
    }
  }

  /** A node sent to a region that is about to go: it has to drain, too. */
  void sentTo(MasterRegion region, int slot) {
    Outgoing move = outgoing.get(region.number);
    // This node's own messages of the old epoch were on their way within it; there are no more.
    if (slot != selfSlot && move.awaited().add(slot)) {
      host.send(slot, region.epoch + 1, move.announcement());
    }
  }

  /** A region is announced to come here. */
  void expect(Member from, LockMessage.Moved message) {
    if (master.region(message.region()) == null) {
      incoming.putIfAbsent(
          message.region(),
          new Incoming(from, message.epoch(), new ArrayList<>(), new ArrayList<>()));
    }
  }

  void drained(int from, LockMessage.Drained message) {
    Outgoing move = outgoing.get(message.region());
    if (move != null && move.region().epoch + 1 == message.epoch() && move.awaited().remove(from)) {
      sendIfDrained(move);
    }
  }

  private void sendIfDrained(Outgoing move) {
    if (!move.awaited().isEmpty()) {
      return;
    }
    MasterRegion region = move.region();
    outgoing.remove(region.number);
    master.remove(region);
    untaken.put(region.number, move.to());
    int to = move.to().slot();
    long epoch = region.epoch + 1;
    List<LockMessage.Value> values = Master.values(region);
    for (int i = 0; i < values.size(); i += LockMessageCodec.MAX_ENTRIES) {
      int end = Math.min(values.size(), i + LockMessageCodec.MAX_ENTRIES);
      host.send(
          to, epoch, new LockMessage.MoveValues(region.number, epoch, values.subList(i, end)));
    }
    List<LockMessage.Entry> entries = Master.entries(region, host.view());
    for (int i = 0; i < entries.size(); i += LockMessageCodec.MAX_ENTRIES) {
      int end = Math.min(entries.size(), i + LockMessageCodec.MAX_ENTRIES);
      host.send(
          to, epoch, new LockMessage.MoveLocks(region.number, epoch, entries.subList(i, end)));
    }
    int patience = Math.min(LAST_PATIENCE, 2 * region.patience);
    host.send(to, epoch, new LockMessage.Move(region.number, epoch, patience));
  }

  void values(int from, LockMessage.MoveValues message) {
    expected(from, message).values().addAll(message.values());
  }

  void locks(int from, LockMessage.MoveLocks message) {
    expected(from, message).entries().addAll(message.entries());
  }

  void move(int from, LockMessage.Move message) {
    Incoming move = expected(from, message);
    incoming.remove(message.region());
    MasterRegion region =
        new MasterRegion(
            message.region(),
            message.epoch(),
            Math.max(1, message.patience()),
            MasterRegion.State.MOVING);
    master.take(region, move.values(), move.entries(), host.view());
    host.send(from, message.epoch(), new LockMessage.Taken(message.region(), message.epoch()));
    host.arrived(region);
  }

  private Incoming expected(int from, LockMessage.OfMove message) {
    Incoming move = incoming.get(message.region());
    if (move == null || move.epoch() != message.epoch() || move.from().slot() != from) {
      throw new WireException(
          "Slot " + from + " sends region " + message.region() + ", which was not announced");
    }
    return move;
  }

  void taken(int from, LockMessage.Taken message) {
    Member to = untaken.get(message.region());
    if (to != null && to.slot() == from) {
      untaken.remove(message.region());
      host.taken();
    }
  }

  /**
   * Enters a view: gives up what comes from or goes to a node that is not in it.
   *
   * @return the regions given up
   */
  Set<Integer> enter(View view) {
    Set<Integer> givenUp = new HashSet<>();
    Iterator<Outgoing> out = outgoing.values().iterator();
    while (out.hasNext()) {
      Outgoing move = out.next();
      if (view.contains(move.to())) {
        move.awaited().removeIf(slot -> !view.contains(slot));
      } else {
        givenUp.add(move.region().number);
        master.remove(move.region());
        out.remove();
      }
    }
    incoming
        .entrySet()
        .removeIf(entry -> !view.contains(entry.getValue().from()) && givenUp.add(entry.getKey()));
    untaken.values().removeIf(to -> !view.contains(to));
    return givenUp;
  }

  /**
   * Goes on with what is under way, in a new view: its directory has to know, and who was told may
   * not have been in a view that could hear it.
   */
  void resume(View view) {
    for (Outgoing move : List.copyOf(outgoing.values())) {
      int directory = view.directoryOf(move.region().number);
      if (directory != selfSlot) {
        move.awaited().add(directory);
      }
      announce(move);
      sendIfDrained(move);
    }
  }
}
