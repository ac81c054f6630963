package org.jclusterfs.core.vfs;

import java.time.Duration;
import java.time.Instant;

/**
 * When reading an inode changes its access time, as the words of mount(8) ask for.
 *
 * @param update after which reads
 * @param directories whether directories have one, too; false is {@code nodiratime}
 * @param lazy whether a changed time may stay in memory for long ({@code lazytime})
 */
public record AccessPolicy(Update update, boolean directories, boolean lazy) {

  /** {@code noatime}, the default: no read changes anything. */
  public static final AccessPolicy NOATIME = new AccessPolicy(Update.NEVER, false, false);

  /** Age from which a time is renewed, whatever was changed since. */
  static final Duration QUANTUM = Duration.ofHours(24);

  /** After which reads the time is changed. */
  public enum Update {
    /** None. */
    NEVER,
    /** The first one after a change, and one in 24 hours. */
    RELATIVE,
    /** Each. */
    ALWAYS
  }

  /** Whether a read now is to change it, from the times that the inode has. */
  boolean wants(Instant access, Instant modify, Instant change, Instant now) {
    return switch (update) {
      case NEVER -> false;
      case RELATIVE ->
          !access.isAfter(modify)
              || !access.isAfter(change)
              || Duration.between(access, now).compareTo(QUANTUM) >= 0;
      case ALWAYS -> now.isAfter(access);
    };
  }
}
