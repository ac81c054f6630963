package org.jclusterfs.dlm.membership;

import java.util.BitSet;

/**
 * A claimed slot as one scan of the disk saw it. A slot whose descriptor says that it is free is
 * left out of the scan.
 *
 * @param slot the slot
 * @param incarnation of the claimant, from the slot descriptor
 * @param sequence raised by each beat of that incarnation; 0 where the heartbeat block still holds
 *     another incarnation's beat
 * @param state what the claimant says of itself; JOINING where sequence is 0, but MEMBER where the
 *     block could not be read: it may be one
 * @param view number of the view it lives in, or the highest that it knows
 * @param connected slots that it has live connections to; not changed by anybody
 */
public record Heartbeat(
    int slot, long incarnation, long sequence, HeartbeatState state, long view, BitSet connected) {}
