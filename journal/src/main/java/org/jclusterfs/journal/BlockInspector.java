package org.jclusterfs.journal;

import java.nio.ByteBuffer;

/**
 * Tells valid metadata of the volume from anything else, and reads its version; the journal itself
 * does not look inside the blocks that it logs. Implementations are thread-safe and stateless.
 */
@FunctionalInterface
public interface BlockInspector {

  /** What {@link #version} returns for a block that is not valid metadata. */
  long INVALID = -1;

  /**
   * The version of a metadata block.
   *
   * @param block one whole block, from its position to its limit; neither is changed
   * @param address the volume block number that it was read from, or is meant for
   * @return its version, or {@link #INVALID} if magic, checksum, address or volume are wrong
   */
  long version(ByteBuffer block, long address);
}
