package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.cluster.LockUnavailableException.Reason;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.junit.jupiter.api.Test;

/** A node that stood still and has not noticed yet that its locks are others' by now. */
class ExpiredLeaseTest {

  private final AtomicBoolean lease = new AtomicBoolean(true);
  private final AtomicInteger withdrawals = new AtomicInteger();
  private final AtomicReference<GlockTable> made = new AtomicReference<>();
  private final GlockTable table =
      new GlockTable(
          new ModeAuthority() {
            @Override
            public void request(Glock lock, LockMode held, LockMode wanted, Effort effort) {
              made.get().post(lock, LockEvent.granted(wanted, false, null));
            }

            @Override
            public void cancel(Glock lock) {}

            @Override
            public void lower(Glock lock, LockMode held, LockMode to, byte[] value) {}
          },
          lease::get,
          failure -> withdrawals.incrementAndGet());

  ExpiredLeaseTest() {
    made.set(table);
  }

  @Test
  void cachedLockIsNotGrantedAfterTheLeaseRanOut() throws LockUnavailableException {
    LockName cached = new LockName(LockType.INODE.code(), 0, 7);
    LockName fresh = new LockName(LockType.INODE.code(), 0, 8);
    table.acquire(cached, LockMode.EX, false, Cancellation.NEVER).close();
    assertEquals(LockMode.EX, table.cached(cached));

    lease.set(false);

    for (LockName name : new LockName[] {cached, fresh}) {
      LockUnavailableException refusal =
          assertThrows(
              LockUnavailableException.class,
              () -> table.acquire(name, LockMode.PR, false, Cancellation.NEVER));
      assertEquals(Reason.WITHDRAWN, refusal.reason());
      assertThrows(LockUnavailableException.class, () -> table.tryAcquire(name, LockMode.PR));
    }
    assertEquals(4, withdrawals.get(), "the node is told to withdraw");
    table.close();
  }
}
