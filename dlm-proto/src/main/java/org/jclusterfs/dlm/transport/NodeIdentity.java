package org.jclusterfs.dlm.transport;

import java.util.UUID;

/**
 * Who this node is towards its peers.
 *
 * @param volume UUID of the volume
 * @param slot this node's slot, 0–254
 * @param incarnation this node's claim of the slot
 * @param secret the volume's 32-byte secret; not copied
 */
public record NodeIdentity(UUID volume, int slot, long incarnation, byte[] secret) {}
