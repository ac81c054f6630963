package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.Blocker;
import org.jclusterfs.dlm.DenyReason;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockFlags;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockRange;

/** Modes come from the lock manager: one of its locks per {@link Glock} that is not NL. */
final class DlmAuthority implements ModeAuthority {

  /** The lock manager's lock behind a {@link Glock}; guarded by the driver's mutex. */
  private final class Grip implements EngineDriver.Client {
    final Glock lock;
    final long id;
    boolean held;
    boolean lowering;

    Grip(Glock lock) {
      this.lock = lock;
      id = driver.newLock(this);
      lock.grip = this;
    }

    @Override
    public void granted(Grant grant) {
      if (!lowering) {
        held = true;
        table.post(lock, LockEvent.granted(grant.mode(), grant.fromAnotherNode(), grant.value()));
      }
    }

    @Override
    public void denied(DenyReason reason, Blocker blocker) {
      if (!held) {
        forget();
      }
      table.post(lock, reason == DenyReason.CANCELLED ? LockEvent.CANCELLED : LockEvent.DENIED);
    }

    @Override
    public void blocking(LockMode wanted) {
      table.post(lock, LockEvent.blocking(wanted));
    }

    void forget() {
      driver.forget(id);
      lock.grip = null;
    }
  }

  private final EngineDriver driver;
  private GlockTable table;

  DlmAuthority(EngineDriver driver) {
    this.driver = driver;
  }

  void use(GlockTable locks) {
    table = locks;
  }

  @Override
  public void request(Glock lock, LockMode held, LockMode wanted, Effort effort) {
    int flags =
        switch (effort) {
          case WAIT -> 0;
          case TRY -> LockFlags.NOQUEUE | LockFlags.NOQUEUE_CALLBACK;
          case INSTANT -> LockFlags.NOQUEUE;
        };
    int value = wanted == LockMode.PR && lock.carriesValue() ? LockFlags.VALUE : 0;
    driver.locked(
        () -> {
          Grip grip = (Grip) lock.grip;
          if (grip == null) {
            driver.request(
                new Grip(lock).id, lock.name(), wanted, flags | value, LockRange.WHOLE, 0);
          } else {
            driver.convert(grip.id, wanted, flags | value, null);
          }
        });
  }

  @Override
  public void cancel(Glock lock) {
    driver.locked(
        () -> {
          if (lock.grip instanceof Grip grip) {
            driver.cancel(grip.id);
          }
        });
  }

  @Override
  public void together(Runnable action) {
    driver.together(action);
  }

  @Override
  public void lower(Glock lock, LockMode held, LockMode to, byte[] value) {
    driver.locked(
        () -> {
          Grip grip = (Grip) lock.grip;
          // Without KEEP_VALUE: what EX leaves without a value of its own has none any more.
          if (to == LockMode.NL) {
            lock.grip = null;
            driver.unlock(grip.id, 0);
          } else {
            grip.lowering = true;
            driver.convert(grip.id, to, 0, value);
            grip.lowering = false;
          }
        });
  }
}
