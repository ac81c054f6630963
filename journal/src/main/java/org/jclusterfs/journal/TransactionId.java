package org.jclusterfs.journal;

/**
 * Identity of a logged transaction, as every block of it carries it.
 *
 * @param sequence never used twice in a journal's life
 * @param previous sequence of the transaction before it in the log
 * @param incarnation number of the use (open) of the journal that wrote it
 */
record TransactionId(long sequence, long previous, long incarnation) {}
