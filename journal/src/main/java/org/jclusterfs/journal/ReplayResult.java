package org.jclusterfs.journal;

/**
 * What a replay did.
 *
 * @param images images that were considered
 * @param written home blocks written
 * @param alreadyNewer images skipped since the home block has their version or a higher one
 * @param refused images skipped since the filter refused them
 * @param rereads home blocks that were read again because they were not valid at first
 */
public record ReplayResult(
    long images, long written, long alreadyNewer, long refused, long rereads) {

  /** The sum of two results. */
  public ReplayResult plus(ReplayResult other) {
    return new ReplayResult(
        images + other.images,
        written + other.written,
        alreadyNewer + other.alreadyNewer,
        refused + other.refused,
        rereads + other.rereads);
  }
}
