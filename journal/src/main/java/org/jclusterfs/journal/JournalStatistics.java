package org.jclusterfs.journal;

/**
 * Counters of a journal since it was opened; a snapshot.
 *
 * @param commits transactions written to the log
 * @param commitCalls calls that asked for a transaction to be durable
 * @param sharedCommits of these, calls that another caller's commit served
 * @param flushes device flushes that the journal issued
 * @param durableWrites writes that were durable by themselves (FUA): commit records and headers
 * @param imagesLogged block images written to the log
 * @param revokesLogged revokes written to the log
 * @param logBlocksWritten log blocks written, transactions only
 * @param compressedImages images stored compressed
 * @param homeBlocksWritten blocks written in place
 * @param homeRequests write requests that this took
 * @param supersededImages committed images that a newer commit made unnecessary to write in place
 * @param checkpoints advances of the tail
 * @param roomWaits times that {@code begin} waited for room in the log
 * @param gateWaits times that {@code begin} waited for a snapshot
 * @param pendingImages committed images not in place now
 * @param logBlocksUsed log blocks between tail and head now
 * @param logBlocksTotal log blocks that transactions can use
 */
public record JournalStatistics(
    long commits,
    long commitCalls,
    long sharedCommits,
    long flushes,
    long durableWrites,
    long imagesLogged,
    long revokesLogged,
    long logBlocksWritten,
    long compressedImages,
    long homeBlocksWritten,
    long homeRequests,
    long supersededImages,
    long checkpoints,
    long roomWaits,
    long gateWaits,
    long pendingImages,
    long logBlocksUsed,
    long logBlocksTotal) {}
