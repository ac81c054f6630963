package org.jclusterfs.journal;

/** Counters behind {@link JournalStatistics}. Guarded by the journal's lock. */
final class Counters {

  long commits;
  long commitCalls;
  long sharedCommits;
  long flushes;
  long durableWrites;
  long imagesLogged;
  long revokesLogged;
  long logBlocksWritten;
  long compressedImages;
  long homeBlocksWritten;
  long homeRequests;
  long supersededImages;
  long checkpoints;
  long roomWaits;
  long gateWaits;

  JournalStatistics snapshot(long pendingImages, long logBlocksUsed, long logBlocksTotal) {
    return new JournalStatistics(
        commits,
        commitCalls,
        sharedCommits,
        flushes,
        durableWrites,
        imagesLogged,
        revokesLogged,
        logBlocksWritten,
        compressedImages,
        homeBlocksWritten,
        homeRequests,
        supersededImages,
        checkpoints,
        roomWaits,
        gateWaits,
        pendingImages,
        logBlocksUsed,
        logBlocksTotal);
  }
}
