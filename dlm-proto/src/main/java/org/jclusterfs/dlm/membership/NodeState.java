package org.jclusterfs.dlm.membership;

/**
 * What this node is to the cluster. {@link Membership} owns all transitions:
 *
 * <pre>
 *   state    event                                                      next
 *   Joining  nobody else is in or forms a cluster, all were judged      Forming
 *   Joining  COMMIT of a view with this node                            Living
 *   Forming  another one is a member or, with a lower slot, forming     Joining
 *   Forming  COMMIT, its own: the founder's fences are confirmed        Living
 *   Living   leave()                                                    Leaving
 *   Joining  leave()                                                    Stopped, left
 *   Forming  leave()                                                    Stopped, left
 *   Leaving  LEFT, or nobody else lives in the view                     Stopped, left
 *   any      lease lost, expelled, loser of a split                     Stopped, selfStop
 * </pre>
 */
interface NodeState {

  /** What the heartbeat says. */
  HeartbeatState heartbeat();

  /** The view number that the heartbeat says. */
  long heartbeatView();

  /** Looks at what is known after an input; the next state, or this. */
  NodeState evaluate();
}
