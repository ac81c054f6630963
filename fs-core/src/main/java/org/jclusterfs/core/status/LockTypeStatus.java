package org.jclusterfs.core.status;

/**
 * Figures of all locks of one type on one node; the counters since the mount.
 *
 * @param type name of the type
 * @param cached locks that the node has from the lock manager now, used or not
 * @param waiting threads that wait for one now
 * @param localHits uses that cost no message
 * @param requests to the lock manager
 * @param blocking times that another node asked for one
 * @param waits uses that had to wait
 * @param waitedMillis all their waits together
 * @param worstWaitMillis the longest wait
 * @param withValue grants to read that told the inode's attributes: no disk read for a stat
 * @param withoutValue grants to read that did not: nobody had written since the lock was made, or
 *     the writer died
 */
public record LockTypeStatus(
    String type,
    long cached,
    long waiting,
    long localHits,
    long requests,
    long blocking,
    long waits,
    long waitedMillis,
    long worstWaitMillis,
    long withValue,
    long withoutValue) {}
