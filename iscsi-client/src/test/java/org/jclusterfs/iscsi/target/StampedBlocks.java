package org.jclusterfs.iscsi.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Blocks that tell which write they come from: each begins with a stamp and its own address. */
public final class StampedBlocks {
  private static final int BLOCK = ModelDisk.BLOCK;

  private StampedBlocks() {}

  public static ByteBuffer of(long stamp, long lba, int blocks) {
    ByteBuffer data = ByteBuffer.allocateDirect(blocks * BLOCK);
    for (int i = 0; i < blocks; i++) {
      data.putLong(i * BLOCK, stamp).putLong(i * BLOCK + 8, lba + i);
      for (int at = 16; at < BLOCK; at += 8) {
        data.putLong(i * BLOCK + at, stamp * 0x9e3779b97f4a7c15L + lba + i + at);
      }
    }
    return data;
  }

  /** The stamp of a block, whole and in its place; 0 for one that was never written. */
  public static long stamp(ByteBuffer data, long lba) {
    long stamp = data.getLong(0);
    ByteBuffer wanted = stamp == 0 ? ByteBuffer.allocate(BLOCK) : of(stamp, lba, 1);
    assertEquals(wanted, data.duplicate().position(0).limit(BLOCK), "torn or misplaced: " + lba);
    return stamp;
  }

  /**
   * No write was applied over a newer one: no stamp goes back. Holds for writers that begin a
   * block's next write only once the last is acknowledged.
   */
  public static void neverWentBack(List<ModelDisk.Applied> applied) {
    Map<Long, Long> last = new HashMap<>();
    for (ModelDisk.Applied each : applied) {
      Long before = last.put(each.lba(), each.stamp());
      assertTrue(
          before == null || before <= each.stamp(),
          () -> "block " + each.lba() + " went back from " + before + " to " + each.stamp());
    }
  }
}
