package org.jclusterfs.dlm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One node's part of the lock manager: the state of its own locks (requester role) and the
 * resources of the regions that it masters in the current view (master role), as one deterministic
 * state machine without thread, clock or socket.
 *
 * <p>A request for a region mastered here is decided within the call and costs no message. Grants
 * are fair: conversions first, then requests, each in order of arrival; nobody overtakes a waiter
 * that he conflicts with.
 *
 * <p>Not thread-safe: the owner serialises all calls.
 */
public final class LockEngine {

  /** Bytes of a value block. */
  public static final int VALUE_SIZE = 64;

  private record Kept(int from, ByteBuffer message) {}

  private final int selfSlot;
  private final EngineOutput out;
  private final OwnLocks own;
  private final Master master;
  private final LockMessage.Handler dispatcher = new Dispatcher();
  // Messages of views not installed here yet, by view, in order of arrival.
  private final Map<Long, List<Kept>> kept = new TreeMap<>();
  private final Set<Integer> reported = new HashSet<>();
  private View view;
  private boolean rebuilding;
  private long unblockedView;
  private long messagesSent;

  /**
   * Makes an engine that is in no view yet: requests wait until one is installed.
   *
   * @param selfSlot this node's slot
   */
  public LockEngine(int selfSlot, EngineOutput out) {
    this.selfSlot = selfSlot;
    this.out = out;
    Router router = new ViewRouter();
    own = new OwnLocks(router, out);
    master = new Master(router);
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
   * A message from a peer's engine; per peer in the order in which they were sent. Messages of an
   * older view are dropped, those of a newer one are kept until it is installed here.
   *
   * @throws WireException if the message is malformed or impossible; nothing was changed then
   */
  public void receive(int fromSlot, ByteBuffer message) {
    long number = LockMessageCodec.view(message);
    if (view != null && number == view.number()) {
      if (!view.contains(fromSlot)) {
        throw new WireException("Slot " + fromSlot + " is not in view " + number);
      }
      LockMessageCodec.decode(message).dispatch(fromSlot, dispatcher);
    } else if (view == null || number > view.number()) {
      kept.computeIfAbsent(number, n -> new ArrayList<>()).add(new Kept(fromSlot, message));
    }
  }

  /**
   * Enters a view: nothing is granted until all members have reported what they hold and wait for
   * ({@link EngineOutput#recovered}); ordinary requests wait on until {@link #unblock}. May come at
   * any step of an older recovery, which it ends.
   */
  public void install(View next) {
    if (view != null && next.number() <= view.number()) {
      throw new IllegalArgumentException(
          "View " + next.number() + " does not follow " + view.number());
    }
    if (!next.contains(selfSlot)) {
      throw new IllegalArgumentException("View " + next + " is without this slot " + selfSlot);
    }
    List<LockMessage.ValueReport> values = master.retire();
    own.finishCancelled();
    view = next;
    rebuilding = true;
    reported.clear();
    sendValues(values);
    own.reclaim();
    for (Member member : view.members()) {
      deliver(member.slot(), new LockMessage.Reclaimed());
    }
    receiveKept();
  }

  private void sendValues(List<LockMessage.ValueReport> values) {
    Map<Integer, List<LockMessage.ValueReport>> byMaster = new TreeMap<>();
    for (LockMessage.ValueReport report : values) {
      byMaster
          .computeIfAbsent(view.masterOf(report.name().region()), slot -> new ArrayList<>())
          .add(report);
    }
    byMaster.forEach(
        (slot, reports) -> {
          for (int i = 0; i < reports.size(); i += LockMessageCodec.MAX_ENTRIES) {
            int end = Math.min(reports.size(), i + LockMessageCodec.MAX_ENTRIES);
            deliver(slot, new LockMessage.Values(List.copyOf(reports.subList(i, end))));
          }
        });
  }

  private void receiveKept() {
    kept.keySet().removeIf(number -> number < view.number());
    List<Kept> now = kept.remove(view.number());
    if (now != null) {
      now.forEach(message -> receive(message.from(), message.message()));
    }
  }

  /** The dead nodes' journals are replayed: ordinary grants go on. Ignored for an older view. */
  public void unblock(long viewNumber) {
    if (view == null || viewNumber < view.number()) {
      return;
    }
    unblockedView = viewNumber;
    if (!rebuilding) {
      master.unblock();
    }
  }

  /** Whether locks of this region cost this node no message; false where no view is installed. */
  public boolean mastersRegion(int region) {
    return view != null && view.masterOf(region) == selfSlot;
  }

  /** Messages sent to other nodes so far. */
  public long messagesSent() {
    return messagesSent;
  }

  /** Locks that this node holds or waits for. */
  public int ownLockCount() {
    return own.size();
  }

  /** Resources that this node masters and that are in use. */
  public int resourceCount() {
    return master.resourceCount();
  }

  private void deliver(int slot, LockMessage message) {
    if (slot == selfSlot) {
      message.dispatch(selfSlot, dispatcher);
    } else {
      messagesSent++;
      out.send(slot, LockMessageCodec.encode(view.number(), message));
    }
  }

  private void memberReported(int slot) {
    reported.add(slot);
    if (rebuilding && reported.size() == view.members().size()) {
      rebuilding = false;
      master.reopen();
      long number = view.number();
      if (unblockedView == number) {
        master.unblock();
      }
      out.recovered(number);
    }
  }

  /** Sends by the current view. */
  private final class ViewRouter implements Router {
    @Override
    public boolean hasView() {
      return view != null;
    }

    @Override
    public int masterOf(int region) {
      return view.masterOf(region);
    }

    @Override
    public void deliver(int slot, LockMessage message) {
      LockEngine.this.deliver(slot, message);
    }
  }

  /** Hands each kind of message to its role. */
  private final class Dispatcher implements LockMessage.Handler {
    @Override
    public void onRequest(int from, LockMessage.Request message) {
      master.request(from, message);
    }

    @Override
    public void onConvert(int from, LockMessage.Convert message) {
      master.convert(from, message);
    }

    @Override
    public void onUnlock(int from, LockMessage.Unlock message) {
      master.unlock(from, message);
    }

    @Override
    public void onCancel(int from, LockMessage.Cancel message) {
      master.cancel(from, message);
    }

    @Override
    public void onGranted(LockMessage.Granted message) {
      own.granted(message);
    }

    @Override
    public void onDenied(LockMessage.Denied message) {
      own.denied(message);
    }

    @Override
    public void onBlocking(LockMessage.Blocking message) {
      own.blocking(message);
    }

    @Override
    public void onTest(int from, LockMessage.Test message) {
      master.test(from, message);
    }

    @Override
    public void onTested(LockMessage.Tested message) {
      own.tested(message);
    }

    @Override
    public void onReclaim(int from, LockMessage.Reclaim message) {
      message.holdings().forEach(holding -> master.reclaim(from, holding));
    }

    @Override
    public void onValues(int from, LockMessage.Values message) {
      master.values(message.reports());
    }

    @Override
    public void onReclaimed(int from) {
      memberReported(from);
    }
  }
}
