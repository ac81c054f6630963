package org.jclusterfs.core.inode;

import java.io.IOException;
import java.util.Collection;
import java.util.TreeSet;
import org.jclusterfs.core.alloc.HeldGroups;
import org.jclusterfs.core.alloc.ResourceGroups;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.txn.Transaction;

/** Gives the blocks of a planned {@link Removal} back to the groups that they lie in. */
public final class SpaceFreeing {
  private final ResourceGroups groups;

  /** Makes one for a mount's groups. */
  public SpaceFreeing(ResourceGroups groups) {
    this.groups = groups;
  }

  /** The groups to hold before the transaction is opened in which the removal is applied. */
  public Collection<Integer> groupsOf(Removal removal) {
    TreeSet<Integer> indexes = new TreeSet<>();
    removal.data().forEach(run -> indexes.add(groups.groupOf(run.first())));
    removal.nodes().forEach(node -> indexes.add(groups.groupOf(node.address())));
    return indexes;
  }

  /** Upper bound of the bitmap blocks that a removal touches, for journal credits. */
  public static int pieces(Removal removal) {
    long pieces = removal.nodes().size();
    for (Run run : removal.data()) {
      pieces += 2 + run.length() / BitmapBlock.BLOCKS;
    }
    return Math.toIntExact(pieces);
  }

  /** Clears the bits; the removal itself was applied in the same transaction. */
  public void free(Transaction tx, HeldGroups held, Removal removal) throws IOException {
    for (Run run : removal.data()) {
      held.freeData(tx, run.first(), run.length());
    }
    for (FreedNode node : removal.nodes()) {
      held.of(node.address()).freeMetadata(tx, node.address(), node.version());
    }
  }
}
