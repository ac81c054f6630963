package org.jclusterfs.iscsi.multipath;

/** Chooses the path of a request among paths that are equally good. Thread-safe. */
public interface PathSelector {

  /**
   * Chooses.
   *
   * @param paths at least one
   * @return index of the chosen one
   */
  int choose(PathLoad[] paths);
}
