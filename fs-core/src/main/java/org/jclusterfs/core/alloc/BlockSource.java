package org.jclusterfs.core.alloc;

import org.jclusterfs.core.txn.LockScope;
import org.jclusterfs.core.txn.MetaBlock;
import org.jclusterfs.core.txn.Transaction;

/**
 * Gives metadata blocks inside an open transaction, from a reservation that was made before it: so
 * it cannot run out of space and waits for nothing.
 */
public interface BlockSource {

  /**
   * Allocates one block and makes it a new metadata block of {@code scope}.
   *
   * @param owner number of the inode that it belongs to
   * @throws IllegalStateException if more is asked for than was reserved: a broken invariant
   */
  MetaBlock allocate(Transaction tx, LockScope scope, int magic, long owner);
}
