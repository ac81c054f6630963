package org.jclusterfs.core.inode;

import org.jclusterfs.core.txn.MetaBlock;

/**
 * A metadata block that leaves its use.
 *
 * @param address of the block
 * @param version no image of the block that was or may still be logged has a higher one: what its
 *     group's version floor has to be raised to
 */
public record FreedNode(long address, long version) {

  /**
   * The record for a block that is still in use: the running transaction may raise its version once
   * more before it is freed.
   */
  public static FreedNode of(MetaBlock block) {
    return new FreedNode(block.address(), block.version() + 1);
  }
}
