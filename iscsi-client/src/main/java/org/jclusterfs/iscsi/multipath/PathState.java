package org.jclusterfs.iscsi.multipath;

/**
 * Where a path stands. {@link Path} owns all transitions.
 *
 * <pre>
 *  from        to          when
 *  CONNECTING  UP          logged in, same WWID, prepared
 *              DOWN        the first login failed; it is tried again and again
 *              REFUSED     another WWID, or a registration made by another path is not seen there
 *  UP          DOWN        connection lost: closed, silent, a check not answered
 *              REFUSED     as above
 *  DOWN        UP          logged in again, same WWID, prepared, and a block was read
 *              REFUSED     as above
 *  any         CLOSED      the disk is closed
 * </pre>
 */
public enum PathState {
  /** The first login is under way. */
  CONNECTING("connecting"),
  /** Takes commands. */
  UP("up"),
  /** Lost, and being connected to again. */
  DOWN("down"),
  /** Does not belong to the disk; not used any more. */
  REFUSED("refused"),
  /** The disk is closed. */
  CLOSED("closed");

  private final String words;

  PathState(String words) {
    this.words = words;
  }

  boolean mayBecome(PathState next) {
    return switch (this) {
      case CONNECTING -> next == UP || next == DOWN || next == REFUSED || next == CLOSED;
      case UP -> next == DOWN || next == REFUSED || next == CLOSED;
      case DOWN -> next == UP || next == REFUSED || next == CLOSED;
      case REFUSED -> next == CLOSED;
      case CLOSED -> false;
    };
  }

  @Override
  public String toString() {
    return words;
  }
}
