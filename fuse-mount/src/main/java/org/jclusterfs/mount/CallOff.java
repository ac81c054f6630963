package org.jclusterfs.mount;

import org.jclusterfs.core.cluster.Cancellation;

/** A wait that can be called off once. Thread-safe. */
public final class CallOff implements Cancellation {
  private boolean cancelled;
  private Runnable action;

  @Override
  public void onCancel(Runnable newAction) {
    synchronized (this) {
      action = newAction;
      if (!cancelled) {
        return;
      }
    }
    newAction.run();
  }

  /** Calls the wait off. */
  public void cancel() {
    Runnable run;
    synchronized (this) {
      cancelled = true;
      run = action;
    }
    if (run != null) {
      run.run();
    }
  }
}
