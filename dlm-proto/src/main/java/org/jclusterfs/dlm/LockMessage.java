package org.jclusterfs.dlm;

import java.util.List;

/** The lock engine's messages, decoded; {@link LockMessageCodec} has their bytes. */
sealed interface LockMessage {

  /** Hands this message to the method that handles its kind. */
  void dispatch(int fromSlot, Handler handler);

  /** The region concerned; 0 where there is none. */
  int region();

  /** One method per kind of message. */
  interface Handler {
    void onRequest(int from, Request message);

    void onConvert(int from, Convert message);

    void onUnlock(int from, Unlock message);

    void onCancel(int from, Cancel message);

    void onTest(int from, Test message);

    void onGranted(Granted message);

    void onDenied(Denied message);

    void onBlocking(Blocking message);

    void onTested(Tested message);

    void onMastered(int from, Mastered message);

    void onReported(int from);

    void onReclaim(int from, Reclaim message);

    void onReclaimed(int from);

    void onClaim(int from, Claim message);

    void onOwner(Owner message);

    void onMoved(int from, Moved message);

    void onDrained(int from, Drained message);

    void onMoveValues(int from, MoveValues message);

    void onMoveLocks(int from, MoveLocks message);

    void onMove(int from, Move message);

    void onTaken(int from, Taken message);
  }

  /** From the owner of a lock to the master of its region, in the region's epoch. */
  sealed interface ToMaster extends LockMessage {}

  /** From the master of a region to the owner of a lock, in the region's epoch. */
  sealed interface ToOwner extends LockMessage {}

  /** Belongs to one view, and is void in the next. */
  sealed interface OfView extends LockMessage {
    @Override
    default int region() {
      return 0;
    }
  }

  /** Part of a region's move to the epoch that it carries. */
  sealed interface OfMove extends LockMessage {
    /** The epoch of the new master. */
    long epoch();
  }

  record Request(long lockId, LockName name, LockMode mode, int flags, LockRange range, long cookie)
      implements ToMaster {
    @Override
    public int region() {
      return name.region();
    }

    @Override
    public void dispatch(int from, Handler handler) {
      handler.onRequest(from, this);
    }
  }

  record Convert(long lockId, int region, LockMode mode, int flags, byte[] value)
      implements ToMaster {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onConvert(from, this);
    }
  }

  record Unlock(long lockId, int region, int flags, byte[] value) implements ToMaster {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onUnlock(from, this);
    }
  }

  record Cancel(long lockId, int region) implements ToMaster {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onCancel(from, this);
    }
  }

  record Test(long queryId, LockName name, LockMode mode, LockRange range, long cookie)
      implements ToMaster {
    @Override
    public int region() {
      return name.region();
    }

    @Override
    public void dispatch(int from, Handler handler) {
      handler.onTest(from, this);
    }
  }

  /** {@code wanted}: the strongest conflicting mode that somebody waits for already, or null. */
  record Granted(long lockId, int region, Grant grant, LockMode wanted) implements ToOwner {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onGranted(this);
    }
  }

  record Denied(long lockId, int region, DenyReason reason, Blocker blocker) implements ToOwner {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onDenied(this);
    }
  }

  record Blocking(long lockId, int region, LockMode wanted) implements ToOwner {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onBlocking(this);
    }
  }

  record Tested(long queryId, int region, Blocker blocker) implements ToOwner {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onTested(this);
    }
  }

  record Mastered(List<RegionEpoch> regions) implements OfView {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onMastered(from, this);
    }
  }

  record Reported() implements OfView {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onReported(from);
    }
  }

  record Reclaim(List<Holding> holdings) implements OfView {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onReclaim(from, this);
    }
  }

  record Reclaimed() implements OfView {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onReclaimed(from);
    }
  }

  record Claim(int region) implements OfView {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onClaim(from, this);
    }
  }

  /** {@code slot}: of the master, a member of the view. */
  record Owner(int region, long epoch, int slot) implements OfView {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onOwner(this);
    }
  }

  /**
   * From the old master; answered by {@link Drained}. Or a refusal, from a node that was taken for
   * the master: what it was asked in an epoch it has not handled, so that this is to be asked
   * again.
   *
   * @param asked the epoch of what it refuses; 0 where it refuses nothing
   */
  record Moved(int region, long epoch, Member master, long asked) implements OfMove {
    boolean isRefusal() {
      return asked != 0;
    }

    @Override
    public void dispatch(int from, Handler handler) {
      handler.onMoved(from, this);
    }
  }

  record Drained(int region, long epoch) implements OfMove {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onDrained(from, this);
    }
  }

  record MoveValues(int region, long epoch, List<Value> values) implements OfMove {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onMoveValues(from, this);
    }
  }

  record MoveLocks(int region, long epoch, List<Entry> entries) implements OfMove {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onMoveLocks(from, this);
    }
  }

  /** {@code patience}: requests of one other node in a row after which the region moves again. */
  record Move(int region, long epoch, int patience) implements OfMove {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onMove(from, this);
    }
  }

  record Taken(int region, long epoch) implements OfMove {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onTaken(from, this);
    }
  }

  /** A region that the sender masters. */
  record RegionEpoch(int region, long epoch) {}

  /**
   * A lock as its owner tells it to the new master of a region whose last one was lost.
   *
   * @param granted mode held, null for a request that waits
   * @param requested mode waited for, null where nothing is under way
   * @param value the value block as the owner knows it, null unless it holds PR or more and a valid
   *     copy
   */
  record Holding(
      long lockId,
      LockName name,
      LockMode granted,
      LockMode requested,
      int flags,
      LockRange range,
      long cookie,
      long generation,
      byte[] value) {}

  /**
   * A value block of a resource in a region that moves.
   *
   * @param value null where invalid
   */
  record Value(LockName name, long generation, byte[] value) {}

  /** What an {@link Entry} is; the wire code is the ordinal. */
  enum Kind {
    /** A lock. */
    LOCK,
    /** A lock that waits and whose operation was called off. */
    CANCELLED,
    /** A query; its number stands for a lock's. */
    QUERY
  }

  /** A lock or query of a region that moves, as the old master knows it. */
  record Entry(
      Kind kind,
      Member owner,
      long lockId,
      LockName name,
      LockMode granted,
      LockMode requested,
      int flags,
      LockRange range,
      long cookie) {}
}
