package org.jclusterfs.core.status;

import java.util.List;

/**
 * A node among the others.
 *
 * @param clustered false: it has the volume for itself (cluster=none)
 * @param slot its slot
 * @param withdrawn why it stopped and answers EIO, or null while it works
 * @param view number of the view that it lives in, 0 before the first
 * @param thresholdMillis silence after which it takes another node for dead
 * @param selfStopMillis time without a completed heartbeat of its own after which it writes nothing
 * @param heartbeatMillis time between two heartbeats
 * @param fencing how nodes are fenced on this device, in words
 * @param lockMessages messages that the lock manager sent to other nodes since the mount
 * @param slots all slots of the volume
 */
public record ClusterStatus(
    boolean clustered,
    int slot,
    String withdrawn,
    long view,
    int thresholdMillis,
    int selfStopMillis,
    int heartbeatMillis,
    String fencing,
    long lockMessages,
    List<SlotStatus> slots) {}
