package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jclusterfs.dlm.LockName;
import org.junit.jupiter.api.Test;

final class HoldMemoryTest {

  private final HoldMemory memory = new HoldMemory();

  private static LockName lock(long number) {
    return new LockName(LockType.INODE.code(), 0, number);
  }

  @Test
  void unknownLockMayBeHeld() {
    assertTrue(memory.mayHold(lock(1)));
  }

  @Test
  void lockThatWasHeldInVainIsNotHeldUntilSomebodyMissesIt() {
    memory.ended(lock(1), false);
    memory.ended(lock(2), true);
    assertFalse(memory.mayHold(lock(1)));
    assertTrue(memory.mayHold(lock(2)));

    memory.missed(lock(1));
    assertTrue(memory.mayHold(lock(1)));
  }

  @Test
  void longestForgottenLocksAreLeftOutOnly() {
    for (int n = 0; n <= HoldMemory.CAPACITY; n++) {
      memory.ended(lock(n), false);
    }
    assertTrue(memory.mayHold(lock(0)));
    assertFalse(memory.mayHold(lock(1)));
    assertFalse(memory.mayHold(lock(HoldMemory.CAPACITY)));
  }
}
