package org.jclusterfs.dlm;

import java.util.List;

/** The lock engine's messages, decoded; {@link LockMessageCodec} has their bytes. */
sealed interface LockMessage {

  /** Hands this message to the method that handles its kind. */
  void dispatch(int fromSlot, Handler handler);

  /** One method per kind of message. */
  interface Handler {
    void onRequest(int from, Request message);

    void onConvert(int from, Convert message);

    void onUnlock(int from, Unlock message);

    void onCancel(int from, Cancel message);

    void onGranted(Granted message);

    void onDenied(Denied message);

    void onBlocking(Blocking message);

    void onTest(int from, Test message);

    void onTested(Tested message);

    void onReclaim(int from, Reclaim message);

    void onValues(int from, Values message);

    void onReclaimed(int from);
  }

  record Request(long lockId, LockName name, LockMode mode, int flags, LockRange range, long cookie)
      implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onRequest(from, this);
    }
  }

  record Convert(long lockId, int region, LockMode mode, int flags, byte[] value)
      implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onConvert(from, this);
    }
  }

  record Unlock(long lockId, int region, int flags, byte[] value) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onUnlock(from, this);
    }
  }

  record Cancel(long lockId, int region) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onCancel(from, this);
    }
  }

  /** {@code wanted}: the strongest conflicting mode that somebody waits for already, or null. */
  record Granted(long lockId, int region, Grant grant, LockMode wanted) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onGranted(this);
    }
  }

  record Denied(long lockId, int region, DenyReason reason, Blocker blocker)
      implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onDenied(this);
    }
  }

  record Blocking(long lockId, int region, LockMode wanted) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onBlocking(this);
    }
  }

  record Test(long queryId, LockName name, LockMode mode, LockRange range, long cookie)
      implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onTest(from, this);
    }
  }

  record Tested(long queryId, int region, Blocker blocker) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onTested(this);
    }
  }

  record Reclaim(List<Holding> holdings) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onReclaim(from, this);
    }
  }

  record Values(List<ValueReport> reports) implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onValues(from, this);
    }
  }

  record Reclaimed() implements LockMessage {
    @Override
    public void dispatch(int from, Handler handler) {
      handler.onReclaimed(from);
    }
  }

  /**
   * A lock as its owner tells it to the master of a new view.
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
   * A value block as the master of the last view knows it.
   *
   * @param writerSlot node that held PW or EX then, −1 for none: unless it still does, the value is
   *     not to be trusted
   * @param value null where invalid
   */
  record ValueReport(
      LockName name, int writerSlot, long writerLock, long generation, byte[] value) {}
}
