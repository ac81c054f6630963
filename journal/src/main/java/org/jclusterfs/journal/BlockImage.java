package org.jclusterfs.journal;

import java.nio.ByteBuffer;

/**
 * A metadata block in memory that transactions change.
 *
 * <p>The journal identifies blocks by {@link #address()}; two images of one address in one
 * transaction are the same object.
 */
public interface BlockImage {

  /** Home of the block: volume block number. */
  long address();

  /** The cluster lock that covers the block. */
  LockTag lock();

  /**
   * Raises the block's version, seals it (checksum) and copies the whole block into {@code dst}.
   * Called once per transaction that logged the block, while no transaction handle is open, so that
   * the content is a consistent one. Never blocks.
   */
  void snapshot(ByteBuffer dst);
}
