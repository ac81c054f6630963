package org.jclusterfs.journal;

/**
 * Decides about a home block that is not valid metadata at replay: it may be damaged, or never
 * written yet, and wants the logged image; or it may have become file data since, and must not be
 * touched. Asked only for such blocks.
 */
@FunctionalInterface
public interface ReplayFilter {

  /**
   * A batch of home blocks has just been read, and questions about them follow: what the filter has
   * read before may be older than they are.
   */
  default void nextBatch() {}

  /**
   * Whether the logged image may be written there.
   *
   * @param address home of the block
   * @param lock lock that covered the block when it was logged
   */
  boolean mayReplay(long address, LockTag lock);
}
