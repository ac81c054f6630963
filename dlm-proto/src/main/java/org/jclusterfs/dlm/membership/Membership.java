package org.jclusterfs.dlm.membership;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/**
 * One node's part of the cluster membership, as a deterministic state machine without thread, clock
 * or socket. All times are nanoseconds of one monotonic clock of this host that also counts while
 * it sleeps.
 *
 * <p>Not thread-safe: the owner serialises all calls.
 */
public final class Membership {

  /**
   * Starts to join: the slot is claimed on disk, heartbeats are being written.
   *
   * @param self this node's slot and incarnation
   * @param thresholdNanos T: a heartbeat unchanged for so long means death
   */
  public Membership(Member self, long thresholdNanos, MembershipOutput out) {}

  /** Time passes; call it every T/12 or more often. */
  public void tick(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /**
   * A complete scan of slot descriptors and heartbeat blocks.
   *
   * @param startedAtNanos before the first block was asked for
   * @param nowNanos after the last block was read
   * @param claimed every claimed slot, this node's own included
   */
  public void scanned(long startedAtNanos, long nowNanos, List<Heartbeat> claimed) {
    throw new UnsupportedOperationException();
  }

  /**
   * A heartbeat of this node is on the disk.
   *
   * @param submittedAtNanos when it was submitted; its content was taken from {@link
   *     #heartbeatState}, {@link #heartbeatView} and {@link #connected} just before
   */
  public void ownHeartbeatCompleted(long submittedAtNanos, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** When this node must stop to write unless another heartbeat completes; for the write gate. */
  public long writeDeadlineNanos() {
    throw new UnsupportedOperationException();
  }

  /** An authenticated connection to a peer stands. */
  public void connectionUp(int slot, long incarnation, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The connection to a peer broke. */
  public void connectionDown(int slot, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** Whether a message from the transport is for the membership; else it is the engine's. */
  public static boolean accepts(ByteBuffer message) {
    throw new UnsupportedOperationException();
  }

  /**
   * A message from a peer's membership, per peer in the order sent.
   *
   * @throws org.jclusterfs.dlm.WireException if the message is malformed
   */
  public void receive(int fromSlot, ByteBuffer message, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** A fence that was requested is confirmed. */
  public void fenced(Member victim, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** A fence could not be confirmed; it is requested again later. */
  public void fenceFailed(Member victim, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** A journal is replayed and its slot free. */
  public void replayed(Member dead, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** A journal could not be replayed; it is requested again later. */
  public void replayFailed(Member dead, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The engine said {@link org.jclusterfs.dlm.EngineOutput#recovered}. */
  public void engineRecovered(long viewNumber, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** This node has given up all locks, its journal is clean: leave without being fenced. */
  public void leave(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The state to publish in the next heartbeat. */
  public HeartbeatState heartbeatState() {
    throw new UnsupportedOperationException();
  }

  /** The view number to publish in the next heartbeat. */
  public long heartbeatView() {
    throw new UnsupportedOperationException();
  }

  /** The connections to publish in the next heartbeat; a copy. */
  public BitSet connected() {
    throw new UnsupportedOperationException();
  }

  /** The view this node lives in, or null. */
  public View view() {
    throw new UnsupportedOperationException();
  }
}
