package org.jclusterfs.journal;

/**
 * A frozen copy of a block as one transaction committed it. Immutable but for the transaction's
 * place in the log, which is set once it is committed.
 */
final class PendingImage implements HomeBlocks.Block {

  private final long address;
  private final LockTag lock;
  private final long version;
  private final byte[] content;
  private LoggedTransaction transaction;

  PendingImage(long address, LockTag lock, long version, byte[] content) {
    this.address = address;
    this.lock = lock;
    this.version = version;
    this.content = content;
  }

  @Override
  public long address() {
    return address;
  }

  LockTag lock() {
    return lock;
  }

  long version() {
    return version;
  }

  /** The whole block; never changed. */
  @Override
  public byte[] content() {
    return content;
  }

  LoggedTransaction transaction() {
    return transaction;
  }

  void committedIn(LoggedTransaction logged) {
    transaction = logged;
  }
}
