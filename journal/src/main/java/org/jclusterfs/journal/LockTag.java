package org.jclusterfs.journal;

/**
 * Names the cluster lock that covers a logged block; the journal stores it and groups by it, and
 * otherwise does not look inside.
 *
 * @param type lock type, 0–255
 * @param region region of the lock (resource group index), unsigned 32 bits
 * @param id number within type, as the lock manager knows it
 */
public record LockTag(int type, int region, long id) {}
