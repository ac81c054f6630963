package org.jclusterfs.dlm;

/**
 * A lock that stands in the way, as F_GETLK tells it.
 *
 * @param slot node that holds it, or waits for it before us
 * @param range what it covers
 * @param mode its mode
 * @param cookie what its owner gave with the request
 */
public record Blocker(int slot, LockRange range, LockMode mode, long cookie) {}
