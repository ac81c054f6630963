package org.jclusterfs.core.inode;

/**
 * Consecutive blocks of the volume.
 *
 * @param first address of the first one
 * @param length number of blocks
 */
public record Run(long first, long length) {}
