package org.jclusterfs.core.volume;

/** Follows the steps of a format, in order, from the formatting thread. */
@FunctionalInterface
public interface FormatProgress {

  /** Tells nobody. */
  FormatProgress SILENT = (step, done) -> {};

  /**
   * A step begins or has ended.
   *
   * @param step what is done, as in "Writing journals"
   * @param done whether it has ended
   */
  void step(String step, boolean done);
}
