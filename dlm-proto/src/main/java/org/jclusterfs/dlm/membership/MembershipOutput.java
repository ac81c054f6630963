package org.jclusterfs.dlm.membership;

import java.nio.ByteBuffer;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/**
 * What the membership tells its owner. Called from within its inputs; an implementation must not
 * call the membership back from here and must not block.
 */
public interface MembershipOutput {

  /** Sends a message to a connected node, after all earlier ones to it. */
  void send(int slot, ByteBuffer message);

  /** A view was agreed: hand it to {@link org.jclusterfs.dlm.LockEngine#install}. */
  void installView(View view);

  /**
   * Make sure that this incarnation can write no more, then call {@link Membership#fenced}; on
   * failure {@link Membership#fenceFailed}, which leads to another request later. Not repeated
   * otherwise. Recovery of that slot waits.
   */
  void requestFence(Member victim);

  /**
   * Replay the journal that this incarnation left, free its slot, then call {@link
   * Membership#replayed} or {@link Membership#replayFailed}. Must do nothing for a slot that was
   * replayed and freed already. Work for a view that has been superseded may go on: its result is
   * counted in the new one.
   */
  void requestReplay(Member dead);

  /** All journals are replayed: hand it to {@link org.jclusterfs.dlm.LockEngine#unblock}. */
  void unblock(long viewNumber);

  /**
   * What the next heartbeat says has changed: write one and scan the slots soon, so that joins and
   * leaves do not wait for the next beat.
   */
  default void publish() {}

  /** This node is out of the cluster in order; its slot may be freed. */
  void left();

  /**
   * This node must write nothing from now on: it lost its lease on the disk, was expelled or was on
   * the losing side of a split. Told once; nothing else follows.
   */
  void selfStop(String reason);
}
