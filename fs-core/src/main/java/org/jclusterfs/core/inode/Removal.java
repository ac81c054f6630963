package org.jclusterfs.core.inode;

import java.io.IOException;
import java.util.List;
import org.jclusterfs.core.alloc.BlockSource;
import org.jclusterfs.core.txn.Transaction;

/**
 * Blocks that are about to be taken out of an inode: planned first, since the locks of the groups
 * that they go back to must be held before a transaction is opened, then applied.
 *
 * <p>The inode's lock is held EX from planning to applying, and nothing else changes the tree in
 * between. The caller marks the blocks free in the bitmaps, in the transaction that applies the
 * removal.
 */
public interface Removal {

  /** Data blocks that become free, from the end of the file backwards. */
  List<Run> data();

  /** Metadata blocks that become free. */
  List<FreedNode> nodes();

  /**
   * The lowest file block that is unmapped; {@link Long#MAX_VALUE} if {@link #data} is empty.
   * Nothing is mapped from here to the end of the range afterwards.
   */
  long lowestLogical();

  /**
   * Upper bound of the blocks that {@link #apply} logs or revokes: the inode, nodes that change and
   * nodes that are freed. The groups' blocks are not in it.
   */
  int credits();

  /** Whether nothing of what was asked for remains; else another removal has to follow. */
  boolean complete();

  /**
   * Upper bound of the blocks that {@link #apply} takes from its source: 0 but for a hole punched.
   */
  int nodesNeeded();

  /**
   * Takes the entries out, revokes the freed metadata blocks and takes these off the inode's {@code
   * blocks}; the data blocks there are the caller's.
   *
   * @param source gives at least {@link #nodesNeeded()} blocks; may be null where that is 0
   * @throws IOException if a block cannot be read; nothing was changed then
   */
  void apply(Transaction tx, BlockSource source) throws IOException;
}
