package org.jclusterfs.iscsi.multipath;

import java.time.Instant;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.scsi.AccessState;

/**
 * How a path is, at one moment.
 *
 * @param number its place among the paths of the disk, from 0
 * @param portal where it logs in
 * @param target to which target
 * @param isid under which session name
 * @param state whether it takes commands
 * @param access the state of its group of ports at the target (ALUA)
 * @param priority of the group that it belongs to; paths of the highest one that is up are used
 * @param inUse whether reads or writes go there now
 * @param writable whether the target lets this node write there
 * @param inFlight requests under way
 * @param bytesInFlight bytes that these move
 * @param errors requests that had to go by another path, or again
 * @param since when it came into its state
 * @param reason what it came into its state by, as people read it; "" where that went well
 */
public record PathInfo(
    int number,
    Portal portal,
    String target,
    Isid isid,
    PathState state,
    AccessState access,
    int priority,
    boolean inUse,
    boolean writable,
    int inFlight,
    long bytesInFlight,
    long errors,
    Instant since,
    String reason) {

  /** One line for people. */
  @Override
  public String toString() {
    return portal
        + "/"
        + target
        + " "
        + state
        + (access == AccessState.NONE ? "" : " " + access)
        + (writable ? "" : " reads only")
        + ", "
        + errors
        + " errors"
        + (reason.isEmpty() ? "" : ", " + reason);
  }
}
