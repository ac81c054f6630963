package org.jclusterfs.core.vfs;

import org.jclusterfs.core.cluster.Cancellation;

/** Calls a wait off when its time is up. Thread-safe. */
final class DeadlineCancellation implements Cancellation {
  private Runnable action;
  private boolean expired;

  @Override
  public void onCancel(Runnable cancel) {
    synchronized (this) {
      action = cancel;
      if (!expired) {
        return;
      }
    }
    cancel.run();
  }

  void expire() {
    Runnable cancel;
    synchronized (this) {
      expired = true;
      cancel = action;
    }
    if (cancel != null) {
      cancel.run();
    }
  }
}
