package org.jclusterfs.journal;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;

/**
 * What recovery found committed in a journal, and the means to bring it home. Used by one thread at
 * a time. Replay changes home blocks only; it may be cut off anywhere and begun again from {@link
 * Journal#recover}, until {@link #markClean} has returned.
 */
public final class RecoveredLog {

  RecoveredLog() {}

  /** Whether the journal was closed cleanly: then there is nothing to replay. */
  public boolean clean() {
    return true;
  }

  /** The newest committed image of each block, sorted by address; revoked ones are left out. */
  public Collection<LoggedImage> images() {
    return List.of();
  }

  /** Replays all images. See {@link #replay(Predicate, ReplayFilter)}. */
  public ReplayResult replay(ReplayFilter filter) throws IOException {
    return replay(image -> true, filter);
  }

  /**
   * Replays the images that {@code subset} accepts: each is written over a home block of a lower
   * version, and over one that is not valid metadata (read twice) if the filter permits. Not
   * flushed.
   */
  public ReplayResult replay(Predicate<LoggedImage> subset, ReplayFilter filter)
      throws IOException {
    throw new UnsupportedOperationException("replay is not implemented yet");
  }

  /** Flushes what was replayed and then marks the journal clean, durably. */
  public void markClean() throws IOException {
    throw new UnsupportedOperationException("markClean is not implemented yet");
  }
}
