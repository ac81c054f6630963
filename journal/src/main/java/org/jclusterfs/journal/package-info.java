/**
 * Write-ahead log of block images.
 *
 * <p>The public face is {@link org.jclusterfs.journal.Journal} (transactions, commit, write-back,
 * checkpoint), {@link org.jclusterfs.journal.RecoveredLog} (what a journal holds after a crash, and
 * its replay), the {@link org.jclusterfs.journal.LogDevice} both live on and the {@link
 * org.jclusterfs.journal.BlockImage} that is logged. The package has no thread, clock or socket of
 * its own: callers' threads do the work, and concurrent callers of {@code commit} share one flush.
 *
 * <p>Inside, {@code TransactionManager} owns the running transaction and picks the leader of a
 * commit, {@code Committer} makes it durable through {@code TransactionWriter}, and {@code
 * Checkpointer} brings images home and moves the tail. The format is in docs/journal-format.md; its
 * twins are {@code JournalHeader}, {@code LogBlock}, {@code EntryTag} and {@code CommitRecord}.
 */
package org.jclusterfs.journal;
