package org.jclusterfs.core.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.jclusterfs.core.format.Geometry;
import org.junit.jupiter.api.Test;

class FormatPlanTest {
  private static final long MIB = 256;
  private static final long GIB = 1024 * MIB;

  private static FormatPlan plan(long blocks) {
    return FormatPlan.of(blocks, FormatOptions.defaults());
  }

  private static String refusal(long blocks, FormatOptions options) {
    return assertThrows(IllegalArgumentException.class, () -> FormatPlan.of(blocks, options))
        .getMessage();
  }

  @Test
  void slotsAndJournalsGrowWithTheVolume() {
    assertEquals(4, plan(64 * MIB).geometry().slotCount());
    assertEquals(4 * MIB, plan(64 * MIB).journalBlocks());
    assertEquals(32 * MIB, plan(2 * GIB).journalBlocks());
    assertEquals(8, plan(100 * GIB).geometry().slotCount());
    assertEquals(16, plan(1024 * GIB).geometry().slotCount());
    assertEquals(256 * MIB, plan(1024 * GIB).journalBlocks());
  }

  @Test
  void groupsAreManyEnoughForTheSlotsAndNotTooMany() {
    Geometry small = plan(GIB).geometry();
    assertTrue(small.groupCount() >= 16, "" + small.groupCount());
    Geometry big = plan(1024 * GIB).geometry();
    assertTrue(big.groupCount() <= 2200, "" + big.groupCount());
    assertTrue(plan(64 * 1024 * GIB).geometry().groupCount() > 2048);
  }

  @Test
  void smallestVolumeHasOneGroup() {
    assertEquals(1, plan(FormatPlan.MIN_BLOCKS).geometry().groupCount());
    assertTrue(
        refusal(FormatPlan.MIN_BLOCKS - 1, FormatOptions.defaults()).contains("at least 16 MiB"));
  }

  @Test
  void whatDoesNotFitIsRefusedWithAWayOut() {
    assertTrue(refusal(64 * MIB, FormatOptions.defaults().withSlots(32)).contains("128 MiB"));
    assertTrue(
        refusal(64 * MIB, FormatOptions.defaults().withJournalBlocks(8 * MIB)).contains("-J"));
    assertTrue(refusal(64 * MIB, FormatOptions.defaults().withJournalBlocks(1)).contains("1 MiB"));
    assertTrue(refusal(64 * MIB, FormatOptions.defaults().withSlots(256)).contains("1 to 255"));
    assertTrue(refusal(64 * MIB, FormatOptions.defaults().withBlocks(GIB)).contains("only 16384"));
    assertTrue(
        refusal(64 * MIB, FormatOptions.defaults().withLabel("x".repeat(65))).contains("65 bytes"));
  }

  @Property(tries = 500)
  void anyPlanKeepsItsPromises(
      @ForAll @LongRange(min = 4096, max = 1L << 36) long blocks,
      @ForAll @IntRange(min = 0, max = 40) int slots) {
    FormatPlan plan;
    try {
      plan = FormatPlan.of(blocks, FormatOptions.defaults().withSlots(slots));
    } catch (IllegalArgumentException expected) {
      assertTrue(blocks / 4 / slots < FormatPlan.MIN_JOURNAL_BLOCKS);
      return;
    }
    Geometry geometry = plan.geometry();
    long journals = plan.journalBlocks() * geometry.slotCount();
    assertTrue(journals <= blocks / 4);
    assertEquals(Geometry.JOURNAL_AREA + journals, geometry.groupArea());
    long last = geometry.groupCount() - 1;
    long end = geometry.groupStart(last) + geometry.groupLength(last);
    assertTrue(end <= blocks - 1 && end > blocks - 1 - 512, "unused: " + (blocks - 1 - end));
    for (long backup : geometry.backups()) {
      assertTrue(
          backup == blocks - 1 || geometry.groupOf(backup) < 0 || geometry.isAllocatable(backup));
    }
  }
}
