package org.jclusterfs.journal;

import java.nio.ByteBuffer;

/** One committed block image found in a log. Immutable; safe for any thread. */
public final class LoggedImage {

  private final long address;
  private final LockTag lock;
  private final long sequence;
  private final long version;
  private final StoredBlock stored;

  LoggedImage(long address, LockTag lock, long sequence, long version, StoredBlock stored) {
    this.address = address;
    this.lock = lock;
    this.sequence = sequence;
    this.version = version;
    this.stored = stored;
  }

  /** Home of the block: volume block number. */
  public long address() {
    return address;
  }

  /** The cluster lock that covered the block when it was logged. */
  public LockTag lock() {
    return lock;
  }

  /** Sequence of the transaction that logged it. */
  public long sequence() {
    return sequence;
  }

  /** Version of the block in this image. */
  public long version() {
    return version;
  }

  /** The whole block in an array of its own. */
  byte[] unpacked() {
    return stored.unpack();
  }

  LoggedImage withVersion(long known) {
    return known == version ? this : new LoggedImage(address, lock, sequence, known, stored);
  }

  /** A fresh read-only buffer with the whole block; decompresses at each call. */
  public ByteBuffer content() {
    return ByteBuffer.wrap(stored.unpack()).asReadOnlyBuffer();
  }

  @Override
  public String toString() {
    return "image of block " + address + " version " + version + " in transaction " + sequence;
  }
}
