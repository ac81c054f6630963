package org.jclusterfs.core.txn;

import java.io.IOException;
import java.util.function.Consumer;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.OrderedData;

/**
 * Changes to several metadata blocks that happen together or not at all, as one handle of the
 * journal's running transaction.
 *
 * <p>The blocks are changed in place, in memory, and what other operations changed in the same
 * running transaction goes with them; so nothing can be rolled back. An operation therefore reads
 * whatever it needs, and finds out whether it can be done, before its first change; and calls
 * {@link #complete} after its last one. One that ends in between, by whatever exception, leaves
 * blocks half changed: {@link #close} then aborts the journal before the transaction can commit,
 * and the node withdraws.
 *
 * <p>Opened only after every cluster lock that it needs is held; nobody waits for a cluster lock
 * while one is open. Used by one thread.
 */
public final class Transaction implements AutoCloseable {
  private final MetaStore store;
  private final Journal.Handle handle;
  private final Consumer<IOException> abort;
  private boolean changed;
  private boolean complete;

  /**
   * Makes one.
   *
   * @param abort aborts the journal
   */
  Transaction(MetaStore store, Journal.Handle handle, Consumer<IOException> abort) {
    this.store = store;
    this.handle = handle;
    this.abort = abort;
  }

  /** Announces a change of a block; called before its buffer is touched. Returns the block. */
  public MetaBlock modify(MetaBlock block) {
    changed = true;
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
    changed = true;
    scope.forget(address);
    handle.revoke(address);
  }

  /** File data that must be durable before this transaction can be replayed. */
  public void ordered(OrderedData data) {
    handle.ordered(data);
  }

  /** File data that overwrites what could be read before: durable when the commit ends. */
  public void accompany(OrderedData data) {
    handle.accompany(data);
  }

  /** Sequence of the running transaction: durable once the journal committed it. */
  public long sequence() {
    return handle.sequence();
  }

  /** Says that all changes were made; none may follow. */
  public void complete() {
    complete = true;
  }

  /**
   * Ends the handle; the running transaction commits later, or when somebody asks for it. Where
   * something was changed and {@link #complete} not called, it never does.
   */
  @Override
  public void close() {
    if (changed && !complete) {
      // Before the handle ends: until then no commit can begin.
      abort.accept(
          new IOException("an operation failed half way through its changes; none may be kept"));
    }
    handle.close();
  }
}
