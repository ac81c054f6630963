package org.jclusterfs.core.volume;

import java.util.UUID;

/**
 * What a user may choose about a new volume; 0 or null leaves the choice to the program. Immutable:
 * the {@code with} methods make changed copies.
 *
 * @param blocks size of the volume in blocks, 0: the whole device
 * @param slots node slots, 1–255
 * @param journalBlocks blocks of each journal
 * @param groupBlocks blocks of each resource group
 * @param label volume label, at most 64 bytes in UTF-8
 * @param uuid UUID of the volume, null: a random one
 * @param discard whether the device is told first that all of it is unused
 * @param uid owner of the root directory
 * @param gid its group
 */
public record FormatOptions(
    long blocks,
    int slots,
    long journalBlocks,
    int groupBlocks,
    String label,
    UUID uuid,
    boolean discard,
    int uid,
    int gid) {

  /** Everything left to the program, without a label. */
  public static FormatOptions defaults() {
    return new FormatOptions(0, 0, 0, 0, "", null, true, 0, 0);
  }

  /** With a size in blocks. */
  public FormatOptions withBlocks(long value) {
    return new FormatOptions(
        value, slots, journalBlocks, groupBlocks, label, uuid, discard, uid, gid);
  }

  /** With a number of node slots. */
  public FormatOptions withSlots(int value) {
    return new FormatOptions(
        blocks, value, journalBlocks, groupBlocks, label, uuid, discard, uid, gid);
  }

  /** With a length of each journal. */
  public FormatOptions withJournalBlocks(long value) {
    return new FormatOptions(blocks, slots, value, groupBlocks, label, uuid, discard, uid, gid);
  }

  /** With a length of each resource group. */
  public FormatOptions withGroupBlocks(int value) {
    return new FormatOptions(blocks, slots, journalBlocks, value, label, uuid, discard, uid, gid);
  }

  /** With a label. */
  public FormatOptions withLabel(String value) {
    return new FormatOptions(
        blocks, slots, journalBlocks, groupBlocks, value, uuid, discard, uid, gid);
  }

  /** With a UUID. */
  public FormatOptions withUuid(UUID value) {
    return new FormatOptions(
        blocks, slots, journalBlocks, groupBlocks, label, value, discard, uid, gid);
  }

  /** With or without a discard of the device. */
  public FormatOptions withDiscard(boolean value) {
    return new FormatOptions(
        blocks, slots, journalBlocks, groupBlocks, label, uuid, value, uid, gid);
  }

  /** With an owner and group of the root directory. */
  public FormatOptions withOwner(int user, int group) {
    return new FormatOptions(
        blocks, slots, journalBlocks, groupBlocks, label, uuid, discard, user, group);
  }
}
