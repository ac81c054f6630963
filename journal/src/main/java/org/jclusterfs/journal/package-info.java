/**
 * Write-ahead log of block images.
 *
 * <p>The public face is {@link org.jclusterfs.journal.Journal} (append, commit, write back), the
 * {@link org.jclusterfs.journal.LogDevice} it lives on and the {@link
 * org.jclusterfs.journal.BlockImage} it logs. The package has no thread, clock or socket of its
 * own: callers' threads do the work, and concurrent callers of {@code commit} share one flush.
 */
package org.jclusterfs.journal;
