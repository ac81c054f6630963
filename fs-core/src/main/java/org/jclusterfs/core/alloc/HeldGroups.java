package org.jclusterfs.core.alloc;

import java.io.IOException;
import java.util.List;
import org.jclusterfs.core.txn.Transaction;

/** Several resource groups held EX, to free blocks in whichever they lie. Used by one thread. */
public final class HeldGroups implements AutoCloseable {
  private final ResourceGroups groups;
  private final List<HeldGroup> held;

  HeldGroups(ResourceGroups groups, List<HeldGroup> held) {
    this.groups = groups;
    this.held = held;
  }

  /** The held group that a block lies in. */
  public HeldGroup of(long address) {
    int index = groups.groupOf(address);
    for (HeldGroup group : held) {
      if (group.index() == index) {
        return group;
      }
    }
    throw new IllegalStateException("group " + index + " is not held");
  }

  /**
   * One of them that can give {@code blocks} blocks, for what a split needs.
   *
   * @throws NoSpaceException if none can
   */
  public HeldGroup withRoom(int blocks) throws IOException {
    for (HeldGroup group : held) {
      if (group.available() >= blocks) {
        return group;
      }
    }
    throw new NoSpaceException(blocks);
  }

  /** Journal credits for freeing up to {@code blocks} pieces in any of them. */
  public int credits(int blocks) throws IOException {
    int credits = 0;
    for (HeldGroup group : held) {
      credits += group.credits(blocks);
    }
    return credits;
  }

  /** Gives a run of data blocks back that lies in one group. */
  public void freeData(Transaction tx, long first, long length) throws IOException {
    of(first).freeData(tx, first, length);
  }

  @Override
  public void close() {
    held.forEach(HeldGroup::close);
  }
}
