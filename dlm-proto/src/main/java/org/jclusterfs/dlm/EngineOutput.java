package org.jclusterfs.dlm;

import java.nio.ByteBuffer;

/**
 * What the lock engine tells its owner. Called from within the engine's inputs, in order, by the
 * thread that gave the input; an implementation must not call the engine back from here and must
 * not block.
 */
public interface EngineOutput {

  /**
   * Sends a message to a member of the current view, after all earlier ones to it. The buffer
   * belongs to the receiver of this call.
   */
  void send(int slot, ByteBuffer message);

  /** A request or conversion (up or down) succeeded. */
  void granted(long lockId, Grant grant);

  /**
   * A request or conversion failed. A denied request's lock is gone; a denied conversion leaves the
   * lock in its old mode.
   *
   * @param blocker a lock in the way where the reason is {@link DenyReason#WOULD_WAIT}, else null
   */
  void denied(long lockId, DenyReason reason, Blocker blocker);

  /**
   * Somebody waits for a mode that conflicts with the one held. Told once per grant and wanted
   * mode; again when a stronger mode is wanted, and after every grant of a mode that still
   * conflicts. Told only while the lock is held in a conflicting mode.
   */
  void blocking(long lockId, LockMode wanted);

  /** The answer to {@link LockEngine#test}: a lock that would conflict, or null. */
  void tested(long queryId, Blocker blocker);

  /**
   * All members have reported for this view what they master and reclaimed what was lost, so that
   * every region has one master again. Where journals of the dead wait, only recovery's own
   * requests are granted until {@link LockEngine#unblock}.
   */
  void recovered(long viewNumber);

  /** The answer to {@link LockEngine#claim}: whether this node masters the region. */
  default void claimed(int region, boolean here) {}

  /** What {@link LockEngine#handOver} had to give away is served elsewhere. */
  default void handedOver() {}
}
