/**
 * Metadata blocks in memory, cached under a cluster lock, and the transactions that change them.
 */
package org.jclusterfs.core.txn;
