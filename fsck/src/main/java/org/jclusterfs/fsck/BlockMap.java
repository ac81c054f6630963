package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;

/**
 * What the blocks of the volume are found to be used for, two bits each, in the form of the bitmap
 * blocks that the volume ought to have. Used by one thread.
 */
final class BlockMap {
  private final Geometry geometry;
  private final Map<Long, ByteBuffer> bitmaps = new TreeMap<>();
  private final Set<Long> released = new HashSet<>();
  private List<Long> recording;

  BlockMap(Geometry geometry) {
    this.geometry = geometry;
    for (long backup : geometry.backups()) {
      if (geometry.groupOf(backup) >= 0) {
        set(backup, BitmapBlock.METADATA);
      }
    }
  }

  /** The states that bitmap block {@code index} of a group ought to have. */
  ByteBuffer expected(long group, int index) {
    return bitmaps.computeIfAbsent(
        group * geometry.groupBitmapBlocks() + index, key -> empty(group, index));
  }

  private ByteBuffer empty(long group, int index) {
    ByteBuffer bitmap = BlockHeader.allocate();
    int first = index * BitmapBlock.BLOCKS;
    int end = Math.max(0, Math.min(BitmapBlock.BLOCKS, geometry.groupLength(group) - first));
    BitmapBlock.fill(bitmap, end, BitmapBlock.BLOCKS, BitmapBlock.METADATA);
    if (index == 0) {
      BitmapBlock.fill(bitmap, 0, 1 + geometry.groupBitmapBlocks(), BitmapBlock.METADATA);
    }
    return bitmap;
  }

  private ByteBuffer bitmapOf(long block) {
    return expected(geometry.groupOf(block), geometry.bitmapOf(block));
  }

  int state(long block) {
    return BitmapBlock.state(bitmapOf(block), geometry.bitmapIndexOf(block));
  }

  boolean isFree(long block) {
    return state(block) == BitmapBlock.FREE;
  }

  void set(long block, int state) {
    BitmapBlock.state(bitmapOf(block), geometry.bitmapIndexOf(block), state);
    if (recording != null && state != BitmapBlock.FREE) {
      recording.add(block);
    }
  }

  /** From now on remembers which blocks are set, until {@link #recorded}. */
  void record() {
    recording = new ArrayList<>();
  }

  List<Long> recorded() {
    List<Long> result = recording;
    recording = null;
    return result;
  }

  /** Frees a block on purpose: that the volume's bitmap still has it is no problem of its own. */
  void release(long block) {
    set(block, BitmapBlock.FREE);
    released.add(block);
  }

  boolean isReleased(long block) {
    return released.contains(block);
  }
}
