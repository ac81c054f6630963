package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.SlotJournals;

/**
 * Checks where the slots' journals are said to lie: outside of everything else and of each other. A
 * journal's own header proves whose it is.
 */
final class JournalPlaces {

  /** Blocks of the volume. */
  private record Extent(long start, long blocks) {
    boolean meets(long from, long to) {
      return start < to && from < start + blocks;
    }

    boolean meets(Extent other) {
      return meets(other.start, other.start + other.blocks);
    }
  }

  private final Check check;
  private final SlotJournals journals;
  private final List<Extent> extents = new ArrayList<>();
  private final List<Boolean> proven = new ArrayList<>();

  JournalPlaces(Check check) {
    this.check = check;
    this.journals = new SlotJournals(check.store.device(), check.superblock);
  }

  /** Where mkfs puts a slot's journal: one behind the other, all alike, up to the groups. */
  static long start(Geometry geometry, int slot) {
    return Geometry.JOURNAL_AREA + slot * blocks(geometry);
  }

  /** How long mkfs makes it. */
  static long blocks(Geometry geometry) {
    return (geometry.groupArea() - Geometry.JOURNAL_AREA) / geometry.slotCount();
  }

  void run() throws IOException {
    int count = check.geometry.slotCount();
    for (int slot = 0; slot < count; slot++) {
      BlockStore.Checked read = descriptor(slot);
      Extent extent =
          read.good()
              ? new Extent(
                  SlotDescriptor.journalStart(read.block()),
                  SlotDescriptor.journalBlocks(read.block()))
              : null;
      boolean possible = extent != null && obstacle(extent) == null;
      extents.add(extent);
      proven.add(possible && journals.isJournal(extent.start, extent.blocks, slot));
    }
    for (int slot = 0; slot < count; slot++) {
      if (extents.get(slot) != null && !proven.get(slot)) {
        judge(slot, extents.get(slot));
      } else if (extents.get(slot) != null) {
        checkRivals(slot, extents.get(slot));
      }
    }
  }

  /** Two journals, each with a header that is right, of which one would overwrite the other. */
  private void checkRivals(int slot, Extent extent) {
    for (int other = 0; other < extents.size(); other++) {
      if (other != slot && proven.get(other) && extents.get(other).meets(extent)) {
        leave(slot, extent, "into the journal of slot " + other, "both journals are there");
      }
    }
  }

  private void leave(int slot, Extent extent, String wrong, String why) {
    check.badJournals.add(slot);
    check.report.leave(Problem.JOURNAL_PLACE_WRONG, why, slot, extent.blocks, extent.start, wrong);
  }

  private BlockStore.Checked descriptor(int slot) throws IOException {
    return check.store.readChecked(check.geometry.slotBlock(slot), SlotDescriptor.MAGIC);
  }

  /** A place at which no header proves that it is right. */
  private void judge(int slot, Extent extent) throws IOException {
    Extent usual = new Extent(start(check.geometry, slot), blocks(check.geometry));
    boolean usualIsJournal = journals.isJournal(usual.start, usual.blocks, slot);
    String wrong = obstacle(extent);
    for (int other = 0; wrong == null && other < extents.size(); other++) {
      boolean rival = other != slot && extents.get(other) != null;
      if (rival && extents.get(other).meets(extent) && (proven.get(other) || other < slot)) {
        wrong = "into the journal of slot " + other;
      }
    }
    if (wrong == null && usualIsJournal && !usual.equals(extent)) {
      wrong = "where there is none, while there is one of " + usual.blocks + " from " + usual.start;
    }
    if (wrong == null) {
      return; // The place is right; the journal pass judges what is there.
    }
    boolean free = usualIsJournal || isFree(slot, usual);
    if (!free) {
      leave(slot, extent, wrong, "where mkfs puts it something else lies");
    } else if (check.report.fix(
        Problem.JOURNAL_PLACE_WRONG, slot, extent.blocks, extent.start, wrong)) {
      ByteBuffer block = descriptor(slot).block();
      SlotDescriptor.journalStart(block, usual.start);
      SlotDescriptor.journalBlocks(block, usual.blocks);
      check.store.write(block);
      extents.set(slot, usual);
    } else {
      check.badJournals.add(slot);
    }
  }

  private boolean isFree(int slot, Extent usual) {
    for (int other = 0; other < extents.size(); other++) {
      if (other != slot && extents.get(other) != null && extents.get(other).meets(usual)) {
        // One that is itself to be moved away is no obstacle.
        if (proven.get(other) || other < slot) {
          return false;
        }
      }
    }
    return obstacle(usual) == null;
  }

  /**
   * What an extent lies in that is no room for journals, to follow "N blocks from N on"; or null.
   */
  private String obstacle(Extent extent) {
    Geometry geometry = check.geometry;
    long total = geometry.totalBlocks();
    if (extent.start <= Superblock.PRIMARY_ADDRESS
        || extent.blocks <= 0
        || extent.start >= total
        || extent.blocks > total - extent.start) {
      return "outside of the volume";
    }
    if (extent.meets(geometry.slotArea(), geometry.slotArea() + 3L * SlotDescriptor.CAPACITY)) {
      return "into the slot area";
    }
    long last = geometry.groupCount() - 1;
    if (extent.meets(
        geometry.groupArea(), geometry.groupStart(last) + geometry.groupLength(last))) {
      return "into the resource groups";
    }
    for (long backup : geometry.backups()) {
      if (extent.meets(backup, backup + 1)) {
        return "over the backup superblock in block " + backup;
      }
    }
    return null;
  }
}
