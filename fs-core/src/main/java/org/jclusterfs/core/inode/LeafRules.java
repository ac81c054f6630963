package org.jclusterfs.core.inode;

import java.io.IOException;

/** What a kind of tree has in its leaves. */
public interface LeafRules {

  /** Magic of a leaf that has a block of its own. */
  int magic();

  /** The inode layout that says that the body holds this kind of tree. */
  int layout();

  /** Lowest key of a leaf that is not empty. */
  long firstKey(TreeNode leaf);

  /**
   * Checks a leaf before anything in it is used.
   *
   * @param low no key may be lower
   * @param high keys must be lower; {@link Long#MAX_VALUE}: no bound
   * @throws IOException {@link org.jclusterfs.core.txn.DamagedBlockException} that says what is
   *     wrong
   */
  void check(TreeNode leaf, long low, long high) throws IOException;
}
