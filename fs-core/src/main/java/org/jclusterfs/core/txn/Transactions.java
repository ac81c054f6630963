package org.jclusterfs.core.txn;

import java.io.IOException;
import org.jclusterfs.journal.Journal;

/** Opens transactions over one mount's journal. Thread-safe. */
public final class Transactions {
  private final MetaStore store;
  private final Journal journal;

  /** Makes the source of transactions of one mount. */
  public Transactions(MetaStore store, Journal journal) {
    this.store = store;
    this.journal = journal;
  }

  /**
   * Opens a transaction; waits for room in the journal, never for a cluster lock.
   *
   * @param maxBlocks upper bound of the distinct blocks that it will modify
   */
  public Transaction begin(int maxBlocks) throws IOException {
    return new Transaction(store, journal.begin(maxBlocks), journal::abort);
  }

  /** The store that the transactions create blocks in. */
  public MetaStore store() {
    return store;
  }

  /** The journal below. */
  public Journal journal() {
    return journal;
  }
}
