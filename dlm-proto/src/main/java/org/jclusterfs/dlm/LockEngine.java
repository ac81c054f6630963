package org.jclusterfs.dlm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One node's part of the lock manager: the state of its own locks (requester role), the resources
 * of the regions that it masters (master role) and its share of the directory of regions, as one
 * deterministic state machine without thread, clock or socket.
 *
 * <p>A request for a region mastered here is decided within the call and costs no message. Who
 * first uses a region becomes its master. Grants are fair: conversions first, then requests, each
 * in order of arrival; nobody overtakes a waiter that he conflicts with.
 *
 * <p>Regions keep their masters over a change of the view. When it is installed, every member tells
 * all what it masters; what nobody masters then and somebody uses was lost, and is made anew from
 * what its users hold. docs/wire-protocol.md has the rules and why they suffice.
 *
 * <p>Not thread-safe: the owner serialises all calls.
 */
public final class LockEngine {

  /** Bytes of a value block. */
  public static final int VALUE_SIZE = 64;

  /** Requests of one other node in a row after which a region goes to it, the first time. */
  public static final int FIRST_PATIENCE = 256;

  private record Kept(Member from, ByteBuffer message) {}

  private record Early(Member from, long view, long epoch, LockMessage.ToMaster message) {}

  private final int selfSlot;
  private final int patience;
  private final EngineOutput out;
  private final Outbox outbox;
  private final OwnLocks own;
  private final Master master;
  private final Moves moves;
  private final Routes routes = new Routes();
  private final Directory directory = new Directory();
  private final LockMessage.Handler dispatcher;
  // Messages of views not installed here yet, in order of arrival.
  private final List<Kept> kept = new ArrayList<>();
  // Messages for regions whose mastership has not reached this node yet, in order of arrival.
  private final Map<Integer, List<Early>> early = new HashMap<>();
  // What the members of the view have said that they master.
  private final Map<Integer, Mastership> reports = new TreeMap<>();
  private final Set<Integer> reported = new HashSet<>();
  private final Set<Integer> reclaimed = new HashSet<>();
  // Regions that the owner wants to use.
  private final Set<Integer> claims = new HashSet<>();
  // Regions whose master this node has asked for in this view.
  private final Set<Integer> asked = new HashSet<>();
  private View view;
  private long firstView;
  private long unblockedView;
  private boolean allReported;
  private boolean allReclaimed;
  private boolean leaving;
  private boolean handedOver;
  // Regions that the sender of the bundle in hand has used in it; null where there is none.
  private Set<Integer> usedInBundle;

  /**
   * Makes an engine that is in no view yet: requests wait until one is installed.
   *
   * @param selfSlot this node's slot
   */
  public LockEngine(int selfSlot, EngineOutput out) {
    this(selfSlot, out, FIRST_PATIENCE);
  }

  /**
   * As {@link #LockEngine(int, EngineOutput)}.
   *
   * @param patience requests of one other node in a row after which a region mastered here goes to
   *     it; doubled by each move of the region
   */
  public LockEngine(int selfSlot, EngineOutput out, int patience) {
    this.selfSlot = selfSlot;
    this.patience = patience;
    this.out = out;
    outbox = new Outbox(out);
    Router router = new Post();
    own = new OwnLocks(router, out);
    master = new Master(router, patience);
    moves = new Moves(new MovesHost(), master, selfSlot);
    dispatcher = new Dispatcher(this, own, master, moves);
  }

  /** A number for a new lock or query, unique on this node. */
  public long newLockId() {
    return own.newId();
  }

  /**
   * Asks for a new lock; ends in {@link EngineOutput#granted} or {@link EngineOutput#denied},
   * perhaps before this returns.
   *
   * @param lockId from {@link #newLockId}
   * @param flags of {@link LockFlags}
   * @param range part of the resource, {@link LockRange#WHOLE} for ordinary locks
   * @param cookie told to those whom this lock blocks
   */
  public void request(
      long lockId, LockName name, LockMode mode, int flags, LockRange range, long cookie) {
    own.request(lockId, name, mode, flags, range, cookie);
  }

  /**
   * Changes a held lock's mode; ends in granted or denied. To a mode that the held one covers it is
   * granted within the call. From PR to CW and from CW to PR the lock is CR until it is granted,
   * and stays CR if it is denied. Not while another operation on the lock is under way.
   *
   * @param value new value block, written if the held mode is PW or EX and the new one is lower;
   *     null: see {@link LockFlags#KEEP_VALUE}
   */
  public void convert(long lockId, LockMode mode, int flags, byte[] value) {
    own.convert(lockId, mode, flags, value);
  }

  /**
   * Gives a held lock up; done when this returns. Not while an operation on it is under way.
   *
   * @param value as for {@link #convert}
   */
  public void unlock(long lockId, int flags, byte[] value) {
    own.unlock(lockId, flags, value);
  }

  /**
   * Calls a waiting request or conversion off. It still ends in exactly one granted or denied, and
   * may be granted. A no-op where nothing is under way.
   */
  public void cancel(long lockId) {
    own.cancel(lockId);
  }

  /**
   * Asks which lock would conflict, without taking one; ends in {@link EngineOutput#tested}.
   *
   * @param queryId from {@link #newLockId}
   */
  public void test(long queryId, LockName name, LockMode mode, LockRange range, long cookie) {
    own.test(queryId, name, mode, range, cookie);
  }

  /**
   * Becomes the master of a region that nobody uses, before anything in it is asked for; ends in
   * {@link EngineOutput#claimed}, perhaps before this returns.
   */
  public void claim(int region) {
    Mastership mastership = routes.get(region);
    if (mastership != null || routes.isLost(region)) {
      out.claimed(region, mastership != null && mastership.master().slot() == selfSlot);
    } else {
      claims.add(region);
      ask(region);
    }
  }

  /**
   * Gives the regions mastered here to those who use them, ends in {@link EngineOutput#handedOver}.
   * For a node that has given all its locks up and is about to leave; it is not needed for
   * correctness, but saves the others a rebuild.
   */
  public void handOver() {
    leaving = true;
    leaveFurther();
  }

  private void leaveFurther() {
    if (!leaving || handedOver || !allReclaimed) {
      return;
    }
    moves.giveAllAway();
    if (moves.allGone()) {
      handedOver = true;
      out.handedOver();
    }
  }

  /**
   * Holds messages to other nodes back until {@link #uncork}; those to one node go together then.
   * For inputs that belong together; nests. Nothing may be waited for meanwhile.
   */
  public void cork() {
    outbox.cork();
  }

  /** Ends a {@link #cork}. */
  public void uncork() {
    outbox.uncork();
  }

  // ---- messages

  /**
   * A message from a peer's engine; per peer in the order in which they were sent. One of a newer
   * view is kept until that is installed here. One of an older view is as good as any, if its
   * sender is still a member and it does not belong to that view alone.
   *
   * @param from the sender, with the incarnation that the transport has proved
   * @throws WireException if the message is malformed or impossible; nothing was changed then, but
   *     by those before it where several came together
   */
  public void receive(Member from, ByteBuffer message) {
    List<ByteBuffer> messages = Bundle.open(message);
    if (messages.size() == 1) {
      receiveOne(from, messages.get(0));
      return;
    }
    // What answers them goes together, too.
    cork();
    usedInBundle = new HashSet<>();
    try {
      messages.forEach(each -> receiveOne(from, each));
    } finally {
      usedInBundle = null;
      uncork();
    }
  }

  private void receiveOne(Member from, ByteBuffer message) {
    long number = LockMessageCodec.view(message);
    if (view == null || number > view.number()) {
      kept.add(new Kept(from, message));
    } else if (view.contains(from)) {
      if (number >= firstView) { // else meant for an earlier holder of this slot
        handle(from, number, LockMessageCodec.epoch(message), LockMessageCodec.decode(message));
      }
    } else if (number == view.number()) {
      throw new WireException("Slot " + from.slot() + " is not in view " + number);
    }
  }

  private void handle(Member from, long number, long epoch, LockMessage message) {
    if (message instanceof LockMessage.ToMaster toMaster) {
      handle(new Early(from, number, epoch, toMaster));
    } else if (message instanceof LockMessage.ToOwner) {
      handleAnswer(from, epoch, message);
    } else if (message instanceof LockMessage.OfMove || number == view.number()) {
      message.dispatch(from.slot(), dispatcher);
    }
  }

  /** A message to the master of a region: handled if that is this node, in just that epoch. */
  private void handle(Early message) {
    int number = message.message().region();
    int from = message.from().slot();
    MasterRegion region = master.region(number);
    if (region != null && region.epoch == message.epoch()) {
      if (region.state == MasterRegion.State.MOVING) {
        moves.sentTo(region, from);
      }
      message.message().dispatch(from, dispatcher);
      used(region, from, message.message());
      return;
    }
    Mastership known = routes.get(number);
    boolean mine = known != null && known.master().slot() == selfSlot && region == null;
    if (known == null && allReported && isOfLostMaster(message)) {
      return;
    }
    if (known == null
        || message.epoch() > known.epoch()
        || (mine && message.epoch() == known.epoch())) {
      early.computeIfAbsent(number, r -> new ArrayList<>()).add(message);
    } else if (message.epoch() < known.epoch()
        && (message.message() instanceof LockMessage.Request
            || message.message() instanceof LockMessage.Test)) {
      send(
          from,
          known.epoch(),
          new LockMessage.Moved(number, known.epoch(), known.master(), message.epoch()));
    }
  }

  private void used(MasterRegion region, int slot, LockMessage message) {
    if ((message instanceof LockMessage.Request || message instanceof LockMessage.Convert)
        && region.state == MasterRegion.State.SERVING
        && allReclaimed
        && !leaving
        && (usedInBundle == null || usedInBundle.add(region.number))) {
      moves.used(region, slot);
    }
  }

  private void handleAnswer(Member from, long epoch, LockMessage message) {
    long known = routes.epoch(message.region());
    if (known == epoch) {
      message.dispatch(from.slot(), dispatcher);
    } else if (known != 0 && epoch > known) {
      throw new BrokenInvariantException(
          "Slot "
              + from.slot()
              + " answers for region "
              + message.region()
              + " in epoch "
              + epoch
              + ", which is known in epoch "
              + known);
    }
  }

  private void send(int slot, long epoch, LockMessage message) {
    outbox.send(slot, LockMessageCodec.encode(view.number(), epoch, message));
  }

  /** A message without an epoch, within the call where it is to this node. */
  private void deliver(int slot, LockMessage.OfView message) {
    if (slot == selfSlot) {
      message.dispatch(selfSlot, dispatcher);
    } else {
      send(slot, 0, message);
    }
  }

  // ---- who masters what

  /** Takes note of a region's master, and sends what waited for that. */
  private void learn(int region, Mastership mastership) {
    List<LockMessage.ToMaster> messages = routes.set(region, mastership);
    if (allReported && view.directoryOf(region) == selfSlot) {
      directory.note(region, mastership);
    }
    messages.forEach(message -> toMaster(mastership, message));
    handleEarly(region);
    if (claims.remove(region)) {
      out.claimed(region, mastership.master().slot() == selfSlot);
    }
  }

  private void toMaster(Mastership mastership, LockMessage.ToMaster message) {
    own.asks(message, mastership.epoch());
    if (mastership.master().slot() == selfSlot) {
      handle(new Early(mastership.master(), view.number(), mastership.epoch(), message));
    } else {
      send(mastership.master().slot(), mastership.epoch(), message);
    }
  }

  private void ask(int region) {
    if (allReported && asked.add(region)) {
      deliver(view.directoryOf(region), new LockMessage.Claim(region));
    }
  }

  void claimed(Directory.Claim claim) {
    if (allReclaimed) {
      answer(claim);
    } else {
      directory.defer(claim);
    }
  }

  private void answer(Directory.Claim claim) {
    Mastership offer = new Mastership(view.member(claim.slot()), Mastership.first(view));
    Mastership is = directory.claim(claim.region(), offer);
    LockMessage.Owner owner = new LockMessage.Owner(claim.region(), is.epoch(), is.master().slot());
    if (claim.slot() == selfSlot) {
      owner.dispatch(selfSlot, dispatcher);
    } else {
      send(claim.slot(), is.epoch(), owner);
    }
  }

  void owned(LockMessage.Owner message) {
    int region = message.region();
    if (!asked.remove(region)) {
      return;
    }
    boolean here = message.slot() == selfSlot;
    if (message.epoch() > routes.epoch(region)) {
      // A higher epoch is that of a move, which brings the region itself.
      boolean appointed = here && message.epoch() == Mastership.first(view);
      if (appointed) {
        master.put(new MasterRegion(region, message.epoch(), patience, MasterRegion.State.SERVING));
      }
      learn(region, new Mastership(view.member(message.slot()), message.epoch()));
    }
  }

  /** More is known of a region: what came too early is looked at again. */
  private void handleEarly(int region) {
    List<Early> messages = early.remove(region);
    if (messages != null) {
      messages.forEach(this::handle);
    }
  }

  void moved(int from, LockMessage.Moved message) {
    int region = message.region();
    if (message.epoch() >= routes.epoch(region)) {
      if (message.master().slot() == selfSlot && !message.isRefusal()) {
        moves.expect(view.member(from), message);
      }
      if (message.epoch() > routes.epoch(region)) {
        learnOfMove(message);
      }
    }
    if (message.isRefusal()) {
      own.askAgain(region, message.asked());
    } else {
      send(from, message.epoch(), new LockMessage.Drained(region, message.epoch()));
    }
  }

  private void learnOfMove(LockMessage.Moved message) {
    int region = message.region();
    boolean rebuilt = message.isRefusal() && message.epoch() >= Mastership.first(view);
    if (!view.contains(message.master()) || (rebuilt && !allReported)) {
      // It was to go to, or is said to be with, a node that has died since; or it is being rebuilt
      // by then, also from what this node will reclaim: see memberReported.
      routes.lose(region);
    } else {
      learn(region, new Mastership(message.master(), message.epoch()));
    }
  }

  // ---- views

  /**
   * Enters a view. Regions whose masters stay go on as they are; the others wait until all members
   * have reported what they master and reclaimed what was lost ({@link EngineOutput#recovered}). If
   * journals of the dead wait, ordinary requests wait for {@link #unblock}. May come at any step of
   * an older recovery, which it ends.
   */
  public void install(View next) {
    if (view != null && next.number() <= view.number()) {
      throw new IllegalArgumentException(
          "View " + next.number() + " does not follow " + view.number());
    }
    if (!next.contains(selfSlot)) {
      throw new IllegalArgumentException("View " + next + " is without this slot " + selfSlot);
    }
    outbox.flush(); // to members of the view that it belongs to
    Set<Integer> departed = new HashSet<>();
    if (view == null) {
      firstView = next.number();
    } else {
      view.members().stream()
          .filter(member -> !next.contains(member))
          .forEach(member -> departed.add(member.slot()));
    }
    view = next;
    allReported = false;
    allReclaimed = false;
    reported.clear();
    reclaimed.clear();
    reports.clear();
    asked.clear();
    directory.clear();
    Set<Integer> givenUp = moves.enter(view);
    for (MasterRegion region : master.regions()) {
      if (region.state == MasterRegion.State.REBUILDING) {
        givenUp.add(region.number);
      }
    }
    master.enter(departed, !view.dead().isEmpty() && unblockedView < view.number());
    Set<Integer> lost = routes.forget(view, givenUp);
    if (!lost.isEmpty()) {
      lost.retainAll(own.regionsInUse());
      routes.lose(lost);
    }
    early.values().forEach(list -> list.removeIf(message -> !view.contains(message.from())));
    report();
    moves.resume(view);
    receiveKept();
  }

  private void report() {
    List<LockMessage.RegionEpoch> mastered = new ArrayList<>(moves.coming());
    for (MasterRegion region : master.regions()) {
      mastered.add(new LockMessage.RegionEpoch(region.number, region.epoch));
    }
    for (Member member : view.members()) {
      for (int i = 0; i < mastered.size(); i += LockMessageCodec.MAX_ENTRIES) {
        int end = Math.min(mastered.size(), i + LockMessageCodec.MAX_ENTRIES);
        deliver(member.slot(), new LockMessage.Mastered(mastered.subList(i, end)));
      }
      deliver(member.slot(), new LockMessage.Reported());
    }
  }

  private void receiveKept() {
    List<Kept> all = List.copyOf(kept);
    kept.clear();
    for (Kept message : all) {
      if (LockMessageCodec.view(message.message()) != view.number()
          || view.contains(message.from())) {
        receiveOne(message.from(), message.message());
      }
    }
  }

  void mastered(int from, LockMessage.Mastered message) {
    for (LockMessage.RegionEpoch entry : message.regions()) {
      Mastership mastership = new Mastership(view.member(from), entry.epoch());
      reports.merge(entry.region(), mastership, (a, b) -> a.epoch() > b.epoch() ? a : b);
    }
  }

  void memberReported(int slot) {
    reported.add(slot);
    if (allReported || reported.size() < view.members().size()) {
      return;
    }
    allReported = true;
    Set<Integer> used = own.regionsInUse();
    used.removeAll(routes.wanted());
    Set<Integer> orphans = new HashSet<>(used);
    orphans.removeAll(reports.keySet());
    Set<Integer> unknown = new HashSet<>(used);
    unknown.removeIf(
        region ->
            orphans.contains(region) || (routes.get(region) != null && !routes.wasLost(region)));
    forgetEarly();
    routes.retain(reports.keySet());
    reports.forEach(
        (region, mastership) -> {
          Mastership route = routes.get(region);
          if (view.directoryOf(region) == selfSlot) {
            directory.note(region, mastership);
            if (route != null) {
              directory.note(region, route);
            }
          }
          if (route == null || (!used.contains(region) && route.epoch() < mastership.epoch())) {
            learn(region, mastership);
          }
        });
    for (int region : used) {
      if (unknown.contains(region)) {
        // Its last master that we knew had given it away and died before it could tell us. What was
        // asked since, of the new one, stands.
        own.askAgainUnless(region, routes.epoch(region));
      }
    }
    reclaim(orphans);
    List.copyOf(routes.wanted()).forEach(this::ask);
    List.copyOf(claims).forEach(this::ask);
    for (Member member : view.members()) {
      deliver(member.slot(), new LockMessage.Reclaimed());
    }
  }

  /** Whether the region was lost in this view or before: then the sender reclaims it. */
  private boolean isOfLostMaster(Early message) {
    return message.epoch() < Mastership.first(view);
  }

  /** What was sent to the master of a region that was lost, its sender reclaims. */
  private void forgetEarly() {
    early
        .entrySet()
        .removeIf(
            entry -> {
              if (!reports.containsKey(entry.getKey())) {
                entry.getValue().removeIf(this::isOfLostMaster);
              }
              return entry.getValue().isEmpty();
            });
  }

  /** Tells the new masters of lost regions what this node holds, waits for and asks there. */
  private void reclaim(Set<Integer> regions) {
    Map<Integer, List<LockMessage.Holding>> byMaster = new LinkedHashMap<>();
    Set<Integer> rebuilt = new HashSet<>();
    for (LockMessage.Holding holding : own.reclaim(regions, Mastership.first(view))) {
      rebuilt.add(holding.name().region());
      byMaster
          .computeIfAbsent(view.directoryOf(holding.name().region()), slot -> new ArrayList<>())
          .add(holding);
    }
    byMaster.forEach(
        (slot, holdings) -> {
          for (int i = 0; i < holdings.size(); i += LockMessageCodec.MAX_ENTRIES) {
            int end = Math.min(holdings.size(), i + LockMessageCodec.MAX_ENTRIES);
            deliver(slot, new LockMessage.Reclaim(holdings.subList(i, end)));
          }
        });
    for (int region : rebuilt) {
      Member next = view.member(view.directoryOf(region));
      learn(region, new Mastership(next, Mastership.first(view)));
    }
    for (LockMessage.Test query : own.queries(regions)) {
      if (rebuilt.contains(query.region())) {
        toMaster(routes.get(query.region()), query);
      } else {
        routes.waitFor(query); // nothing makes anybody its master
      }
    }
  }

  void reclaimed(int from, LockMessage.Reclaim message) {
    for (LockMessage.Holding holding : message.holdings()) {
      master.reclaim(from, Mastership.first(view), holding);
    }
  }

  void memberReclaimed(int slot) {
    reclaimed.add(slot);
    if (allReclaimed || reclaimed.size() < view.members().size()) {
      return;
    }
    allReclaimed = true;
    for (MasterRegion region : List.copyOf(master.regions())) {
      if (region.state == MasterRegion.State.REBUILDING) {
        learn(region.number, new Mastership(view.member(selfSlot), region.epoch));
      }
    }
    master.settle();
    directory.takeDeferred().forEach(this::answer);
    if (unblockedView == view.number()) {
      master.unblock();
    }
    out.recovered(view.number());
    leaveFurther();
  }

  /** The dead nodes' journals are replayed: ordinary grants go on. Ignored for an older view. */
  public void unblock(long viewNumber) {
    if (view == null || viewNumber < view.number()) {
      return;
    }
    unblockedView = viewNumber;
    if (allReclaimed) {
      master.unblock();
    }
  }

  // ---- what the owner may want to know

  /** Whether locks of this region cost this node no message. */
  public boolean mastersRegion(int region) {
    MasterRegion mastered = master.region(region);
    return mastered != null && mastered.state != MasterRegion.State.MOVING;
  }

  /** Whether nobody is known to master this region: {@link #claim} may make it this node. */
  public boolean mayClaim(int region) {
    return routes.get(region) == null && !routes.isLost(region);
  }

  /** The epochs of the regions that this node masters, by region; a copy. */
  public Map<Integer, Long> masteredRegions() {
    Map<Integer, Long> epochs = new TreeMap<>();
    master.regions().forEach(region -> epochs.put(region.number, region.epoch));
    return epochs;
  }

  /** Messages sent to other nodes so far; those that went together count as one. */
  public long messagesSent() {
    return outbox.frames();
  }

  /** Locks that this node holds or waits for. */
  public int ownLockCount() {
    return own.size();
  }

  /** Resources that this node masters and that are in use. */
  public int resourceCount() {
    return master.resourceCount();
  }

  /** Carries what this node's two roles say. */
  private final class Post implements Router {
    @Override
    public void toMaster(LockMessage.ToMaster message) {
      int region = message.region();
      Mastership mastership = routes.get(region);
      if (mastership != null) {
        LockEngine.this.toMaster(mastership, message);
      } else if (!routes.isLost(region)) {
        routes.waitFor(message);
        ask(region);
      }
    }

    @Override
    public boolean takeBack(int region, long lockId) {
      return routes.takeBack(region, lockId);
    }

    @Override
    public void toOwner(int slot, long epoch, LockMessage.ToOwner message) {
      if (slot == selfSlot) {
        message.dispatch(selfSlot, dispatcher);
      } else {
        send(slot, epoch, message);
      }
    }
  }

  /** The engine as {@link Moves} sees it. */
  private final class MovesHost implements Moves.Host {
    @Override
    public View view() {
      return view;
    }

    @Override
    public void send(int slot, long epoch, LockMessage message) {
      LockEngine.this.send(slot, epoch, message);
    }

    @Override
    public void learn(int region, Mastership mastership) {
      LockEngine.this.learn(region, mastership);
    }

    @Override
    public void arrived(MasterRegion region) {
      handleEarly(region.number);
    }

    @Override
    public void taken() {
      leaveFurther();
    }
  }
}
