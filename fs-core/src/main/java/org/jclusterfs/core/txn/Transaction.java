package org.jclusterfs.core.txn;

import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.OrderedData;

/**
 * Changes to several metadata blocks that happen together or not at all, as one handle of the
 * journal's running transaction.
 *
 * <p>Opened only after every cluster lock that it needs is held; nobody waits for a cluster lock
 * while one is open. Used by one thread.
 */
public final class Transaction implements AutoCloseable {
  private final MetaStore store;
  private final Journal.Handle handle;

  Transaction(MetaStore store, Journal.Handle handle) {
    this.store = store;
    this.handle = handle;
  }

  /** Announces a change of a block; called before its buffer is touched. Returns the block. */
  public MetaBlock modify(MetaBlock block) {
    handle.log(block);
    return block;
  }

  /**
   * Makes a new metadata block at an address that the allocator just gave, and announces it.
   *
   * @param version floor that the allocator gave with the address
   */
  public MetaBlock create(LockScope scope, long address, int magic, long owner, long version) {
    return modify(store.create(scope, address, magic, owner, version));
  }

  /** A metadata block leaves its use: images of it logged earlier must never come back. */
  public void free(LockScope scope, long address) {
    scope.forget(address);
    handle.revoke(address);
  }

  /** File data that must be on the device before this transaction commits. */
  public void ordered(OrderedData data) {
    handle.ordered(data);
  }

  /** Sequence of the running transaction: durable once the journal committed it. */
  public long sequence() {
    return handle.sequence();
  }

  /** Ends the handle; the running transaction commits later, or when somebody asks for it. */
  @Override
  public void close() {
    handle.close();
  }
}
