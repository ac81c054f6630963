package org.jclusterfs.core.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class GeometryTest {
  private static final long GIB = (1L << 30) / BlockHeader.BLOCK_SIZE;

  private static Geometry geometry(long totalBlocks, long groupArea, int groupBlocks) {
    long groups = (totalBlocks - 1 - groupArea + groupBlocks - 1) / groupBlocks;
    return new Geometry(
        totalBlocks, 32, 4, groupArea, groupBlocks, Geometry.bitmapBlocksFor(groupBlocks), groups);
  }

  @Test
  void lastGroupIsShorterAndLeavesTheLastBlockOut() {
    Geometry geometry = geometry(10_000, 1000, 4000);
    assertEquals(3, geometry.groupCount());
    assertEquals(4000, geometry.groupLength(1));
    assertEquals(999, geometry.groupLength(2));
    assertEquals(2, geometry.groupOf(9998));
    assertEquals(-1, geometry.groupOf(9999));
    assertEquals(-1, geometry.groupOf(999));
    assertEquals(0, geometry.groupOf(1000));
  }

  @Test
  void headerAndBitmapsAreNotAllocatable() {
    Geometry geometry = geometry(100_000, 1000, 20_000);
    assertEquals(2, geometry.groupBitmapBlocks());
    assertFalse(geometry.isAllocatable(21_000));
    assertFalse(geometry.isAllocatable(21_002));
    assertTrue(geometry.isAllocatable(21_003));
    assertEquals(21_003, geometry.firstDataBlock(1));
    assertEquals(21_002, geometry.bitmapBlock(1, 1));
  }

  @Test
  void placeInTheBitmapCountsFromTheGroupsFirstBlock() {
    Geometry geometry = geometry(100_000, 1000, 20_000);
    assertEquals(0, geometry.bitmapOf(21_000));
    assertEquals(0, geometry.bitmapIndexOf(21_000));
    assertEquals(1, geometry.bitmapOf(21_000 + 16128));
    assertEquals(0, geometry.bitmapIndexOf(21_000 + 16128));
  }

  @Test
  void slotAreaHoldsDescriptorsHeartbeatsAndFenceBlocks() {
    Geometry geometry = geometry(100_000, 1000, 20_000);
    assertEquals(32, geometry.slotBlock(0));
    assertEquals(32 + 255, geometry.heartbeatBlock(0));
    assertEquals(32 + 510 + 254, geometry.fenceBlock(254));
    assertTrue(geometry.fenceBlock(254) < Geometry.JOURNAL_AREA);
  }

  @Test
  void smallVolumeHasItsBackupInTheLastBlockOnly() {
    assertArrayEquals(new long[] {GIB - 1}, geometry(GIB, 1000, 20_000).backups());
  }

  @Test
  void backupsLieAtPowersOfFourGibibytes() {
    assertArrayEquals(
        new long[] {GIB, 4 * GIB, 16 * GIB, 20 * GIB - 1},
        geometry(20 * GIB, 1000, 30_000).backups());
  }

  @Test
  void backupMovesBehindHeaderAndBitmapsAndBehindTheJournals() {
    // A group begins just at 1 GiB.
    Geometry aligned = geometry(2 * GIB, GIB - 40_000, 40_000);
    assertEquals(aligned.firstDataBlock(1), aligned.backups()[0]);
    Geometry bigJournals = geometry(9 * GIB, 5 * GIB, 40_000);
    assertArrayEquals(
        new long[] {bigJournals.firstDataBlock(0), 9 * GIB - 1}, bigJournals.backups());
  }

  @Test
  void contradictingSuperblockIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new Geometry(10_000, 32, 4, 1000, 4000, 2, 3));
    assertThrows(
        IllegalArgumentException.class, () -> new Geometry(10_000, 32, 0, 1000, 4000, 1, 3));
    assertThrows(
        IllegalArgumentException.class, () -> new Geometry(10_000, 32, 4, 1000, 4000, 1, 4));
    assertThrows(
        IllegalArgumentException.class, () -> new Geometry(10_000, 32, 4, 700, 4000, 1, 2));
  }
}
