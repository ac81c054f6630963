package org.jclusterfs.core.inode;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The dumb extent tree: one map entry per block. */
final class ExtentTreeModel {
  /** Where a file block lies. */
  record Place(long physical, boolean unwritten) {}

  final TreeMap<Long, Place> blocks = new TreeMap<>();

  void insert(long logical, long physical, int length, boolean unwritten) {
    for (int i = 0; i < length; i++) {
      blocks.put(logical + i, new Place(physical + i, unwritten));
    }
  }

  void mark(long logical, int length, boolean unwritten) {
    for (int i = 0; i < length; i++) {
      blocks.computeIfPresent(
          logical + i, (block, place) -> new Place(place.physical(), unwritten));
    }
  }

  void remove(long from, long to) {
    blocks.subMap(from, to).clear();
  }

  /** The blocks of a list of extents, one by one. */
  static TreeMap<Long, Place> blocksOf(List<Mapping> extents) {
    TreeMap<Long, Place> blocks = new TreeMap<>();
    for (Mapping extent : extents) {
      for (long at = extent.logical(); at < extent.end(); at++) {
        blocks.put(at, new Place(extent.physicalOf(at), extent.unwritten()));
      }
    }
    return blocks;
  }

  /** Length of the hole from a block on, of the mapped blocks up to {@code limit} at most. */
  long hole(long logical, long limit) {
    Map.Entry<Long, Place> next = blocks.ceilingEntry(logical);
    return next == null ? limit : next.getKey() - logical;
  }

  List<Long> physicalBlocks(long from, long to) {
    List<Long> physical = new ArrayList<>();
    blocks.subMap(from, to).values().forEach(place -> physical.add(place.physical()));
    return physical;
  }
}
