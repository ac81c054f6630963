package org.jclusterfs.core.status;

import java.util.List;

/**
 * A slot as one node sees it.
 *
 * @param slot its number
 * @param state what its holder is
 * @param host name of the holder's host; empty where the slot is free, as are the fields below
 * @param pid of the holder on its host
 * @param incarnation of the claim
 * @param addresses where its lock manager listens
 * @param port where its lock manager listens
 * @param claimedAt seconds since 1970
 * @param heartbeatAgeMillis time since the last new heartbeat was seen, or null where none was
 * @param connected whether the node that tells this is connected to it
 */
public record SlotStatus(
    int slot,
    State state,
    String host,
    long pid,
    long incarnation,
    List<String> addresses,
    int port,
    long claimedAt,
    Long heartbeatAgeMillis,
    boolean connected) {

  /** What the holder of a slot is. */
  public enum State {
    /** Nobody. */
    FREE,
    /** A tool such as fsck, or a mount with cluster=none: the only user. */
    TOOL,
    /** A node of the present view. */
    MEMBER,
    /** A node that is not in the view, with a heartbeat: about to join or just left out. */
    OUTSIDE,
    /** A node that is not in the view, without a heartbeat for the threshold. */
    SILENT
  }
}
