package org.jclusterfs.core.cluster;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/** One use of a {@link Glock}. */
final class Holder extends AtomicBoolean implements LockHolder {

  private final transient Glock lock;
  private final LockMode mode;

  Holder(Glock lock, LockMode mode) {
    this.lock = lock;
    this.mode = mode;
  }

  @Override
  public LockName name() {
    return lock.name();
  }

  @Override
  public LockMode mode() {
    return mode;
  }

  @Override
  public byte[] value() {
    return lock.value();
  }

  @Override
  public void tell(byte[] value) {
    if (mode != LockMode.EX || get()) {
      throw new IllegalStateException(
          "only who holds " + lock.name() + " in EX may tell its state");
    }
    lock.tell(value);
  }

  @Override
  public void close() {
    if (compareAndSet(false, true)) {
      lock.release(mode);
    }
  }
}
