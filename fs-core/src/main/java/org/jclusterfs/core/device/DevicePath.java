package org.jclusterfs.core.device;

/**
 * One way to a device that is reached over a network, as it is at one moment.
 *
 * @param portal its address at the other end
 * @param target what it is called there
 * @param session name of the session, so that it can be found in the target's lists
 * @param state up, down, connecting, refused, closed
 * @param access state of its group of ports at the target (ALUA), "-" where that tells none
 * @param priority of that group
 * @param inUse whether reads or writes go there now
 * @param writable whether the target lets this node write there
 * @param inFlight requests under way
 * @param errors requests that had to go another way, or again
 * @param since when it came into its state, in seconds since 1970; 0 where that is not known
 * @param reason what it came into its state by, "" where that went well
 */
public record DevicePath(
    String portal,
    String target,
    String session,
    String state,
    String access,
    int priority,
    boolean inUse,
    boolean writable,
    int inFlight,
    long errors,
    long since,
    String reason) {}
