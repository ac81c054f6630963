package org.jclusterfs.core.vfs;

/**
 * Figures for statfs(2).
 *
 * @param blockSize bytes
 * @param totalBlocks blocks for data and metadata
 * @param freeBlocks free now, as far as this node knows
 * @param availableBlocks of them those that files can take
 * @param inodes inodes in use plus those that would fit
 * @param freeInodes inodes that would fit
 */
public record VolumeStatistics(
    int blockSize,
    long totalBlocks,
    long freeBlocks,
    long availableBlocks,
    long inodes,
    long freeInodes) {}
