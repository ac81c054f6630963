package org.jclusterfs.dlm;

import java.nio.ByteBuffer;

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

  /**
   * Makes an engine that is in no view yet: requests wait until one is installed.
   *
   * @param selfSlot this node's slot
   */
  public LockEngine(int selfSlot, EngineOutput out) {}

  /** A number for a new lock or query, unique on this node. */
  public long newLockId() {
    throw new UnsupportedOperationException();
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
    throw new UnsupportedOperationException();
  }

  /**
   * Changes a held lock's mode; ends in granted or denied. To a mode that the held one covers it is
   * granted within the call. Not while another operation on the lock is under way.
   *
   * @param value new value block, written if the held mode is PW or EX and the new one is lower;
   *     null: see {@link LockFlags#KEEP_VALUE}
   */
  public void convert(long lockId, LockMode mode, int flags, byte[] value) {
    throw new UnsupportedOperationException();
  }

  /**
   * Gives a held lock up; done when this returns. Not while an operation on it is under way.
   *
   * @param value as for {@link #convert}
   */
  public void unlock(long lockId, int flags, byte[] value) {
    throw new UnsupportedOperationException();
  }

  /**
   * Calls a waiting request or conversion off. It still ends in exactly one granted or denied, and
   * may be granted. A no-op where nothing is under way.
   */
  public void cancel(long lockId) {
    throw new UnsupportedOperationException();
  }

  /**
   * Asks which lock would conflict, without taking one; ends in {@link EngineOutput#tested}.
   *
   * @param queryId from {@link #newLockId}
   */
  public void test(long queryId, LockName name, LockMode mode, LockRange range, long cookie) {
    throw new UnsupportedOperationException();
  }

  /**
   * A message from a peer's engine; per peer in the order in which they were sent. Messages of an
   * older view are dropped, those of a newer one are kept until it is installed here.
   *
   * @throws WireException if the message is malformed; nothing was changed then
   */
  public void receive(int fromSlot, ByteBuffer message) {
    throw new UnsupportedOperationException();
  }

  /**
   * Enters a view: nothing is granted until all members have reported what they hold and wait for
   * ({@link EngineOutput#recovered}); ordinary requests wait on until {@link #unblock}. May come at
   * any step of an older recovery, which it ends.
   */
  public void install(View view) {
    throw new UnsupportedOperationException();
  }

  /** The dead nodes' journals are replayed: ordinary grants go on. Ignored for an older view. */
  public void unblock(long viewNumber) {
    throw new UnsupportedOperationException();
  }

  /** Whether locks of this region cost this node no message; false where no view is installed. */
  public boolean mastersRegion(int region) {
    throw new UnsupportedOperationException();
  }
}
