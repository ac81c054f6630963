package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
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
  private final BlockSet released = new BlockSet();
  private BlockSet recording;

  // The bitmap that was wanted last, since one block mostly follows another.
  private long lastKey = -1;
  private ByteBuffer lastBitmap;

  BlockMap(Geometry geometry) {
    this.geometry = geometry;
    for (long backup : geometry.backups()) {
      if (geometry.groupOf(backup) >= 0) {
        set(backup, BitmapBlock.METADATA);
      }
    }
  }

  /** The states that bitmap block {@code index} of a group ought to have; not to be changed. */
  ByteBuffer expected(long group, int index) {
    ByteBuffer known = bitmaps.get(group * geometry.groupBitmapBlocks() + index);
    return known == null ? empty(group, index) : known;
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

  /** The bitmap that tells of a block; null where nothing was set in it. */
  private ByteBuffer bitmapOf(long block) {
    long key = geometry.groupOf(block) * geometry.groupBitmapBlocks() + geometry.bitmapOf(block);
    if (key != lastKey) {
      lastBitmap = bitmaps.get(key);
      lastKey = key;
    }
    return lastBitmap;
  }

  int state(long block) {
    ByteBuffer bitmap = bitmapOf(block);
    if (bitmap == null) {
      return geometry.isAllocatable(block) ? BitmapBlock.FREE : BitmapBlock.METADATA;
    }
    return BitmapBlock.state(bitmap, geometry.bitmapIndexOf(block));
  }

  boolean isFree(long block) {
    return state(block) == BitmapBlock.FREE;
  }

  void set(long block, int state) {
    ByteBuffer bitmap = bitmapOf(block);
    if (bitmap == null) {
      bitmap = empty(geometry.groupOf(block), geometry.bitmapOf(block));
      bitmaps.put(lastKey, bitmap);
      lastBitmap = bitmap;
    }
    BitmapBlock.state(bitmap, geometry.bitmapIndexOf(block), state);
    if (recording != null && state != BitmapBlock.FREE) {
      recording.add(block);
    }
  }

  /** From now on remembers which blocks are set, until {@link #recorded}. */
  void record() {
    recording = new BlockSet();
  }

  BlockSet recorded() {
    BlockSet result = recording;
    recording = null;
    return result;
  }

  /** Frees blocks on purpose: that the volume's bitmaps still have them is no problem. */
  void release(BlockSet blocks) throws IOException {
    blocks.forEach(block -> set(block, BitmapBlock.FREE));
    released.addAll(blocks);
  }

  boolean isReleased(long block) {
    return released.contains(block);
  }
}
