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
    // Under EX, which also serves readers of this node, there is none.
    return lock.value();
  }

  @Override
  public void close() {
    if (compareAndSet(false, true)) {
      lock.release(mode);
    }
  }
}
