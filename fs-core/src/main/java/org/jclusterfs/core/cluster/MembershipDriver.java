package org.jclusterfs.core.cluster;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.status.SlotStatus;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;
import org.jclusterfs.dlm.WireException;
import org.jclusterfs.dlm.membership.Heartbeat;
import org.jclusterfs.dlm.membership.HeartbeatState;
import org.jclusterfs.dlm.membership.Membership;
import org.jclusterfs.dlm.membership.MembershipOutput;
import org.jclusterfs.dlm.transport.ClusterTransport;
import org.jclusterfs.dlm.transport.Peer;
import org.jclusterfs.dlm.transport.TransportHandler;

/**
 * Runs the membership: gives it scans, heartbeats, connections and messages, and does what it asks.
 * Its monitor serialises the membership's inputs; inside it nothing blocks, and of other locks only
 * the engine's mutex is taken.
 */
final class MembershipDriver
    implements MembershipOutput, TransportHandler, HeartbeatWriter.Content {

  private static final System.Logger LOG = System.getLogger(MembershipDriver.class.getName());

  /**
   * What the membership wants done that takes time; called with the monitor held, returns at once.
   */
  interface Work {
    void fence(Member victim);

    void replay(Member dead);

    /** Grants go on in that view. */
    void unblocked(View view);

    /** The state or view that heartbeats publish changed. */
    void publish();
  }

  private final Member self;
  private final Lease lease;
  private final Membership membership;
  private final Work work;
  private final Consumer<String> onSelfStop;
  private final CompletableFuture<Void> left = new CompletableFuture<>();
  private volatile EngineDriver engine;
  private volatile ClusterTransport transport;
  private HeartbeatState published;
  private long publishedView;
  private View view;
  private boolean stopped;
  private List<Beat> lastBeats = List.of();
  private List<SlotInfo> lastSlots = List.of();
  private final Map<Integer, Seen> seen = new HashMap<>();

  /** When a scan first found a beat, by {@link BootClock}; guarded by the monitor. */
  private record Seen(long incarnation, long sequence, long at) {}

  MembershipDriver(
      Member self, int thresholdMillis, Lease lease, Work work, Consumer<String> onSelfStop) {
    this.self = self;
    this.lease = lease;
    this.work = work;
    this.onSelfStop = onSelfStop;
    membership = new Membership(self, thresholdMillis * 1_000_000L, this);
  }

  void use(EngineDriver engineDriver, ClusterTransport clusterTransport) {
    engine = engineDriver;
    transport = clusterTransport;
  }

  /** No input is passed on from now on. */
  synchronized void stop() {
    stopped = true;
    left.cancel(false);
  }

  CompletableFuture<Void> whenLeft() {
    return left;
  }

  synchronized View view() {
    return view;
  }

  /** All slots, as the last scan and the connections tell. */
  synchronized List<SlotStatus> slots(long thresholdMillis) {
    long now = BootClock.nanoTime();
    return lastSlots.stream().map(info -> status(info, now, thresholdMillis)).toList();
  }

  private SlotStatus status(SlotInfo info, long now, long thresholdMillis) {
    if (info.isFree()) {
      return new SlotStatus(
          info.slot(), SlotStatus.State.FREE, "", 0, 0, List.of(), 0, 0, null, false);
    }
    Seen last = seen.get(info.slot());
    Long age =
        last == null || last.incarnation() != info.incarnation()
            ? null
            : TimeUnit.NANOSECONDS.toMillis(now - last.at());
    SlotStatus.State state;
    Member member = view == null ? null : view.member(info.slot());
    if (info.state() != SlotDescriptor.MOUNTED) {
      state = SlotStatus.State.TOOL;
    } else if (member != null && member.incarnation() == info.incarnation()) {
      state = SlotStatus.State.MEMBER;
    } else if (age == null || age > thresholdMillis) {
      state = SlotStatus.State.SILENT;
    } else {
      state = SlotStatus.State.OUTSIDE;
    }
    return new SlotStatus(
        info.slot(),
        state,
        info.hostName(),
        info.process().pid(),
        info.incarnation(),
        info.addresses(),
        info.port(),
        info.claimedAt(),
        age,
        info.slot() == self.slot() || membership.connected().get(info.slot()));
  }

  private synchronized void note(long startedAt, List<SlotInfo> slots, List<Beat> beats) {
    lastSlots = slots;
    for (Beat beat : beats) {
      if (beat != null) {
        seen.compute(
            beat.slot(),
            (slot, last) ->
                last != null
                        && last.incarnation() == beat.incarnation()
                        && last.sequence() == beat.sequence()
                    ? last
                    : new Seen(beat.incarnation(), beat.sequence(), startedAt));
      }
    }
  }

  private synchronized void input(Consumer<Long> call) {
    if (stopped) {
      return;
    }
    call.accept(BootClock.nanoTime());
    if (membership.heartbeatState() != published || membership.heartbeatView() != publishedView) {
      published = membership.heartbeatState();
      publishedView = membership.heartbeatView();
      work.publish();
    }
  }

  // ---- inputs

  void tick() {
    input(membership::tick);
  }

  /** What a scan of the disk saw; beats that were torn just then count as unchanged. */
  void scanned(long startedAt, List<SlotInfo> slots, List<Beat> beats) {
    List<Heartbeat> claimed = new ArrayList<>();
    Map<Integer, Peer> peers = new HashMap<>();
    List<Beat> known = new ArrayList<>();
    long highestView = 0;
    for (SlotInfo info : slots) {
      Beat beat = beats.get(info.slot());
      if (beat == null && info.slot() < lastBeats.size()) {
        beat = lastBeats.get(info.slot());
      }
      known.add(beat);
      highestView = Math.max(highestView, beat == null ? 0 : beat.view());
      if (info.state() != SlotDescriptor.MOUNTED) {
        continue;
      }
      boolean own = beat != null && beat.incarnation() == info.incarnation();
      // What cannot be read may be a member's: it has to be judged and fenced like one.
      HeartbeatState unknown = beat == null ? HeartbeatState.MEMBER : HeartbeatState.JOINING;
      claimed.add(
          own
              ? new Heartbeat(
                  info.slot(),
                  info.incarnation(),
                  beat.sequence(),
                  stateOf(beat),
                  beat.view(),
                  beat.connected())
              : new Heartbeat(
                  info.slot(), info.incarnation(), 0, unknown, 0, new java.util.BitSet()));
      if (info.slot() != self.slot() && info.port() != 0 && !info.addresses().isEmpty()) {
        peers.put(info.slot(), new Peer(info.incarnation(), info.addresses(), info.port()));
      }
    }
    lastBeats = known;
    note(startedAt, slots, known);
    transport.setPeers(peers);
    long highest = highestView;
    input(
        now -> {
          membership.noteView(highest);
          membership.scanned(startedAt, now, claimed);
        });
  }

  private static HeartbeatState stateOf(Beat beat) {
    HeartbeatState[] states = HeartbeatState.values();
    boolean known = beat.state() >= 0 && beat.state() < states.length;
    return known ? states[beat.state()] : HeartbeatState.MEMBER;
  }

  void engineRecovered(long viewNumber) {
    input(now -> membership.engineRecovered(viewNumber, now));
  }

  void fenced(Member victim, boolean confirmed) {
    input(
        now -> {
          if (confirmed) {
            membership.fenced(victim, now);
          } else {
            membership.fenceFailed(victim, now);
          }
        });
  }

  void replayed(Member dead, boolean whole) {
    input(
        now -> {
          if (whole) {
            membership.replayed(dead, now);
          } else {
            membership.replayFailed(dead, now);
          }
        });
  }

  void leave() {
    input(membership::leave);
  }

  // ---- heartbeat

  @Override
  public synchronized Status next() {
    return new Status(
        membership.heartbeatState().ordinal(), membership.heartbeatView(), membership.connected());
  }

  @Override
  public void completed(long submittedAt) {
    input(
        now -> {
          membership.ownHeartbeatCompleted(submittedAt, now);
          lease.extendTo(membership.writeDeadlineNanos());
          if (!lease.mayWrite() && !lease.isClosed()) {
            // Nothing can be written any more; the locks must not stay here.
            selfStop("no heartbeat reached the disk in time");
          }
        });
  }

  // ---- transport

  @Override
  public void onMessage(int slot, long incarnation, ByteBuffer message) {
    try {
      if (Membership.accepts(message)) {
        input(now -> membership.receive(slot, message, now));
      } else {
        engine.receive(new Member(slot, incarnation), message);
      }
    } catch (WireException e) {
      LOG.log(System.Logger.Level.ERROR, "message of slot " + slot + " is refused", e);
      throw e;
    }
  }

  @Override
  public void onUp(int slot, long incarnation) {
    LOG.log(System.Logger.Level.DEBUG, "slot {0}: connected to slot {1}", self.slot(), slot);
    input(now -> membership.connectionUp(slot, incarnation, now));
  }

  @Override
  public void onDown(int slot, long incarnation) {
    LOG.log(System.Logger.Level.DEBUG, "slot {0}: lost slot {1}", self.slot(), slot);
    input(now -> membership.connectionDown(slot, now));
  }

  // ---- outputs

  @Override
  public void send(int slot, ByteBuffer message) {
    transport.send(slot, message);
  }

  @Override
  public void installView(View next) {
    LOG.log(
        System.Logger.Level.INFO,
        "slot {0}: view {1} with {2}",
        self.slot(),
        next.number(),
        next.members());
    view = next;
    engine.install(next);
  }

  @Override
  public void requestFence(Member victim) {
    work.fence(victim);
  }

  @Override
  public void requestReplay(Member dead) {
    work.replay(dead);
  }

  @Override
  public void unblock(long viewNumber) {
    engine.unblock(viewNumber);
    work.unblocked(view);
  }

  @Override
  public void left() {
    left.complete(null);
  }

  @Override
  public void selfStop(String reason) {
    onSelfStop.accept(reason);
  }
}
