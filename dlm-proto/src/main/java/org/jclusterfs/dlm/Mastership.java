package org.jclusterfs.dlm;

/**
 * Who masters a region. Epochs of a region only grow, and no two masters have one of them in
 * common: a move raises it by one, and a master appointed in a view gets {@link #first}, which is
 * above what any earlier view can have reached.
 *
 * @param master the node, with its incarnation
 * @param epoch of the region, since it became that
 */
record Mastership(Member master, long epoch) {
  // A region would have to move so often within one view to meet the next one's epochs.
  private static final int MOVES_BITS = 24;

  /** The epoch of a master that is appointed in a view. */
  static long first(View view) {
    return view.number() << MOVES_BITS;
  }
}
