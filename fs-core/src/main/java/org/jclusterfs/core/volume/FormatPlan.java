package org.jclusterfs.core.volume;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;

/**
 * The layout of a volume to be made: every choice that {@link FormatOptions} left open is taken.
 *
 * @param uuid of the volume
 * @param label of the volume, may be empty
 * @param geometry where everything lies
 * @param journalBlocks length of each journal in blocks
 * @param discard whether the device is discarded first
 * @param uid owner of the root directory
 * @param gid its group
 */
public record FormatPlan(
    UUID uuid,
    String label,
    Geometry geometry,
    long journalBlocks,
    boolean discard,
    int uid,
    int gid) {

  private static final long MIB = (1L << 20) / BlockHeader.BLOCK_SIZE;
  private static final long GIB = 1024 * MIB;

  /** The shortest journal in blocks. */
  public static final long MIN_JOURNAL_BLOCKS = MIB;

  /** The shortest resource group in blocks. */
  public static final int MIN_GROUP_BLOCKS = 2048;

  /** The longest resource group in blocks. */
  public static final int MAX_GROUP_BLOCKS = GroupHeader.MAX_BITMAP_BLOCKS * BitmapBlock.BLOCKS;

  /** The smallest volume in blocks: 16 MiB. */
  public static final long MIN_BLOCKS = 16 * MIB;

  private static final long MOST_GROUPS = 2048;
  private static final long FEWEST_GROUPS = 8;

  // A rest behind the last whole group shorter than this stays unused.
  private static final int MIN_LAST_GROUP = 512;

  /**
   * Plans a volume.
   *
   * @param deviceBlocks size of the device in blocks
   * @throws IllegalArgumentException saying what does not fit and what to change
   */
  public static FormatPlan of(long deviceBlocks, FormatOptions options) {
    long blocks = options.blocks() == 0 ? deviceBlocks : options.blocks();
    if (blocks > deviceBlocks) {
      throw new IllegalArgumentException(
          "the device has only "
              + deviceBlocks
              + " blocks of "
              + BlockHeader.BLOCK_SIZE
              + " bytes, fewer than the "
              + blocks
              + " asked for");
    }
    if (blocks < MIN_BLOCKS) {
      throw new IllegalArgumentException(
          "a volume needs at least 16 MiB (" + MIN_BLOCKS + " blocks), this is " + blocks);
    }
    int length = options.label().getBytes(StandardCharsets.UTF_8).length;
    if (length > Superblock.LABEL_LENGTH || options.label().indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "the label takes "
              + length
              + " bytes in UTF-8, at most "
              + Superblock.LABEL_LENGTH
              + " fit");
    }
    int slots = options.slots() == 0 ? defaultSlots(blocks) : options.slots();
    if (slots < 1 || slots > SlotDescriptor.CAPACITY) {
      throw new IllegalArgumentException(
          "the number of node slots must be 1 to " + SlotDescriptor.CAPACITY + ", not " + slots);
    }
    long journal = journalBlocks(blocks, slots, options.journalBlocks());
    UUID uuid = options.uuid() == null ? UUID.randomUUID() : options.uuid();
    Geometry geometry =
        geometry(blocks, slots, Geometry.JOURNAL_AREA + slots * journal, options.groupBlocks());
    return new FormatPlan(
        uuid, options.label(), geometry, journal, options.discard(), options.uid(), options.gid());
  }

  private static int defaultSlots(long blocks) {
    if (blocks < 10 * GIB) {
      return 4;
    }
    return blocks < 1024 * GIB ? 8 : 16;
  }

  private static long journalBlocks(long blocks, int slots, long wanted) {
    long most = blocks / 4 / slots;
    long journal = wanted == 0 ? Math.min(defaultJournal(blocks), most) : wanted;
    if (journal < MIN_JOURNAL_BLOCKS && wanted != 0) {
      throw new IllegalArgumentException("a journal needs at least 1 MiB");
    }
    if (journal < MIN_JOURNAL_BLOCKS || journal > most) {
      long each = Math.max(journal, MIN_JOURNAL_BLOCKS);
      throw new IllegalArgumentException(
          slots
              + " journals of "
              + each / MIB
              + " MiB would take more than a quarter of the volume: it would have to have "
              + 4 * slots * each / MIB
              + " MiB, or ask for fewer slots (-N)"
              + (wanted == 0 ? "" : " or smaller journals (-J size=)"));
    }
    return journal;
  }

  private static long defaultJournal(long blocks) {
    if (blocks < 128 * MIB) {
      return 4 * MIB;
    }
    if (blocks < 512 * MIB) {
      return 8 * MIB;
    }
    if (blocks < GIB) {
      return 16 * MIB;
    }
    if (blocks < 4 * GIB) {
      return 32 * MIB;
    }
    if (blocks < 32 * GIB) {
      return 64 * MIB;
    }
    return blocks < 256 * GIB ? 128 * MIB : 256 * MIB;
  }

  private static Geometry geometry(long blocks, int slots, long groupArea, int wanted) {
    long room = blocks - 1 - groupArea;
    int groupBlocks = wanted == 0 ? defaultGroup(room, slots) : wanted;
    if (groupBlocks < MIN_GROUP_BLOCKS || groupBlocks > MAX_GROUP_BLOCKS) {
      throw new IllegalArgumentException(
          "a resource group has "
              + MIN_GROUP_BLOCKS
              + " to "
              + MAX_GROUP_BLOCKS
              + " blocks, not "
              + groupBlocks);
    }
    long groups = room / groupBlocks + (room % groupBlocks >= MIN_LAST_GROUP ? 1 : 0);
    return new Geometry(
        blocks,
        Geometry.SLOT_AREA,
        slots,
        groupArea,
        groupBlocks,
        Geometry.bitmapBlocksFor(groupBlocks),
        groups);
  }

  private static int defaultGroup(long room, int slots) {
    long fewest = Math.max(FEWEST_GROUPS, 4L * slots);
    long groups = Math.max(fewest, Math.min(MOST_GROUPS, room / BitmapBlock.BLOCKS));
    long length = (room + groups - 1) / groups;
    if (length > BitmapBlock.BLOCKS) {
      length -= length % BitmapBlock.BLOCKS;
    }
    return (int) Math.max(MIN_GROUP_BLOCKS, Math.min(MAX_GROUP_BLOCKS, length));
  }

  /** First block of a slot's journal. */
  public long journalStart(int slot) {
    return Geometry.JOURNAL_AREA + slot * journalBlocks;
  }
}
