package org.jclusterfs.journal;

/**
 * What a journal can be made to leave out, so that tests see whether the loss of it is noticed: a
 * harness that finds no planted fault proves nothing. Only tests can set one; {@link
 * JournalOptions#defaults} leaves nothing out, and no option of a mount does.
 */
public enum Fault {
  /** A commit returns although its log blocks are volatile still. */
  COMMIT_FLUSH,

  /** Ordered data is written, but its transaction does not wait for the flush that covers it. */
  ORDERED_FLUSH,

  /** A transaction is committed without its ordered data being written. */
  ORDERED_DATA,

  /** Revokes are not written to the log. */
  REVOKE,

  /**
   * A write-back for another node's sake commits, but writes nothing in place, and says that it
   * did: the other node reads the older block.
   */
  HANDOVER_WRITE,

  /** A write-back for another node's sake commits as {@link #COMMIT_FLUSH} does. */
  HANDOVER_COMMIT,

  /** The tail moves although what was written in place behind it is volatile still. */
  TAIL_FLUSH,

  /** Recovery takes a transaction whose checksum is wrong. */
  TRANSACTION_CHECKSUM,

  /** Replay brings images home although the log that it read may be volatile still. */
  REPLAY_LOG_FLUSH,

  /** Replay writes an image over a newer block. */
  REPLAY_VERSION,

  /** Replay writes an image over what is not valid metadata without asking the bitmaps. */
  REPLAY_BITMAPS,

  /** A mount believes the metadata that it reads whatever its checksum says. */
  READ_CHECKSUM,

  /** Replay takes a block in place for valid metadata whatever its checksum says. */
  BLOCK_CHECKSUM
}
