package org.jclusterfs.core.format;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;

/**
 * Who holds a slot, and where the slot's journal lies. The header's owner is the slot.
 *
 * <p>Invariants: {@code slot} equals the block's place in the slot area; a slot below the volume's
 * slot count has a journal and an orphan directory; {@code incarnation} is 0 in a slot that was
 * never claimed; every field lies in the first 512 bytes, so that a torn write leaves the old
 * descriptor or the new one.
 *
 * <pre>
 *       0               4               8
 *   64 | slot          | state         |
 *   72 | journalStart                  |
 *   80 | journalBlocks                 |
 *   88 | orphanDirectory               |
 *   96 | incarnation                   |
 *  104 | reservationKey                |
 *  112 | bootId (16 bytes)             |
 *  128 | pidNamespace                  |
 *  136 | pid                           |
 *  144 | startTime                     |
 *  152 | claimedAt                     |
 *  160 | port          | addressCount  |
 *  168 | addresses (240 bytes)         |
 *  408 | hostName (64 bytes)           |
 *  472 | statfsDelta                   |
 *  480 | releasedAt                    |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class SlotDescriptor {

  /** JCSL, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'S' << 16 | 'L' << 24;

  /** Offset of slot. */
  public static final int SLOT_OFFSET = 64;

  /** Offset of state. */
  public static final int STATE_OFFSET = 68;

  /** Offset of journalStart. */
  public static final int JOURNAL_START_OFFSET = 72;

  /** Offset of journalBlocks. */
  public static final int JOURNAL_BLOCKS_OFFSET = 80;

  /** Offset of orphanDirectory. */
  public static final int ORPHAN_DIRECTORY_OFFSET = 88;

  /** Offset of incarnation. */
  public static final int INCARNATION_OFFSET = 96;

  /** Offset of reservationKey. */
  public static final int RESERVATION_KEY_OFFSET = 104;

  /** Offset of bootId. */
  public static final int BOOT_ID_OFFSET = 112;

  /** Offset of pidNamespace. */
  public static final int PID_NAMESPACE_OFFSET = 128;

  /** Offset of pid. */
  public static final int PID_OFFSET = 136;

  /** Offset of startTime. */
  public static final int START_TIME_OFFSET = 144;

  /** Offset of claimedAt. */
  public static final int CLAIMED_AT_OFFSET = 152;

  /** Offset of port. */
  public static final int PORT_OFFSET = 160;

  /** Offset of addressCount. */
  public static final int ADDRESS_COUNT_OFFSET = 164;

  /** Offset of addresses. */
  public static final int ADDRESSES_OFFSET = 168;

  /** Offset of hostName. */
  public static final int HOST_NAME_OFFSET = 408;

  /** Offset of statfsDelta. */
  public static final int STATFS_DELTA_OFFSET = 472;

  /** Offset of releasedAt. */
  public static final int RELEASED_AT_OFFSET = 480;

  /** {@link #state}: nobody holds the slot; its journal is clean. */
  public static final int FREE = 0;

  /** {@link #state}: claimed by a mount. */
  public static final int MOUNTED = 1;

  /** {@link #state}: claimed by a tool that wants the volume for itself. */
  public static final int TOOL = 2;

  /**
   * {@link #port} of a slot in state {@link #TOOL} whose claimant is a mount without a cluster;
   * nobody listens there, and no address is given.
   */
  public static final int PORT_OF_MOUNT_ALONE = 1;

  /** Who has claimed a slot, for people: a tool, a mount that is alone, or else a host's node. */
  public static String claimant(int state, int port) {
    if (state != TOOL) {
      return "";
    }
    return port == PORT_OF_MOUNT_ALONE ? "a mount with cluster=none on " : "a tool on ";
  }

  /** Slots that a volume has room for. */
  public static final int CAPACITY = 255;

  /** Addresses that a descriptor has room for. */
  public static final int MAX_ADDRESSES = 5;

  /** Bytes of one address. */
  public static final int ADDRESS_LENGTH = 48;

  private SlotDescriptor() {}

  /** Number of the slot: 0–254. */
  public static int slot(ByteBuffer block) {
    return block.getInt(SLOT_OFFSET);
  }

  /** Sets slot. */
  public static void slot(ByteBuffer block, int value) {
    block.putInt(SLOT_OFFSET, value);
  }

  /** One of {@link #FREE}, {@link #MOUNTED}, {@link #TOOL}. */
  public static int state(ByteBuffer block) {
    return block.getInt(STATE_OFFSET);
  }

  /** Sets state. */
  public static void state(ByteBuffer block, int value) {
    block.putInt(STATE_OFFSET, value);
  }

  /** First block of the journal; 0 where the slot has none. */
  public static long journalStart(ByteBuffer block) {
    return block.getLong(JOURNAL_START_OFFSET);
  }

  /** Sets journalStart. */
  public static void journalStart(ByteBuffer block, long value) {
    block.putLong(JOURNAL_START_OFFSET, value);
  }

  /** Length of the journal in blocks. */
  public static long journalBlocks(ByteBuffer block) {
    return block.getLong(JOURNAL_BLOCKS_OFFSET);
  }

  /** Sets journalBlocks. */
  public static void journalBlocks(ByteBuffer block, long value) {
    block.putLong(JOURNAL_BLOCKS_OFFSET, value);
  }

  /** Inode number of the slot's orphan directory. */
  public static long orphanDirectory(ByteBuffer block) {
    return block.getLong(ORPHAN_DIRECTORY_OFFSET);
  }

  /** Sets orphanDirectory. */
  public static void orphanDirectory(ByteBuffer block, long value) {
    block.putLong(ORPHAN_DIRECTORY_OFFSET, value);
  }

  /** Random number of this claim. */
  public static long incarnation(ByteBuffer block) {
    return block.getLong(INCARNATION_OFFSET);
  }

  /** Sets incarnation. */
  public static void incarnation(ByteBuffer block, long value) {
    block.putLong(INCARNATION_OFFSET, value);
  }

  /** SCSI reservation key of the claimant. */
  public static long reservationKey(ByteBuffer block) {
    return block.getLong(RESERVATION_KEY_OFFSET);
  }

  /** Sets reservationKey. */
  public static void reservationKey(ByteBuffer block, long value) {
    block.putLong(RESERVATION_KEY_OFFSET, value);
  }

  /** Boot id of the claimant's host. */
  public static UUID bootId(ByteBuffer block) {
    return Fields.uuid(block, BOOT_ID_OFFSET);
  }

  /** Sets bootId. */
  public static void bootId(ByteBuffer block, UUID value) {
    Fields.uuid(block, BOOT_ID_OFFSET, value);
  }

  /** Inode number of the claimant's pid namespace. */
  public static long pidNamespace(ByteBuffer block) {
    return block.getLong(PID_NAMESPACE_OFFSET);
  }

  /** Sets pidNamespace. */
  public static void pidNamespace(ByteBuffer block, long value) {
    block.putLong(PID_NAMESPACE_OFFSET, value);
  }

  /** Process id of the claimant in its namespace. */
  public static long pid(ByteBuffer block) {
    return block.getLong(PID_OFFSET);
  }

  /** Sets pid. */
  public static void pid(ByteBuffer block, long value) {
    block.putLong(PID_OFFSET, value);
  }

  /** Start time of the claimant's process, in clock ticks after boot. */
  public static long startTime(ByteBuffer block) {
    return block.getLong(START_TIME_OFFSET);
  }

  /** Sets startTime. */
  public static void startTime(ByteBuffer block, long value) {
    block.putLong(START_TIME_OFFSET, value);
  }

  /** When the slot was claimed, in seconds. */
  public static long claimedAt(ByteBuffer block) {
    return block.getLong(CLAIMED_AT_OFFSET);
  }

  /** Sets claimedAt. */
  public static void claimedAt(ByteBuffer block, long value) {
    block.putLong(CLAIMED_AT_OFFSET, value);
  }

  /** TCP port of the claimant's lock manager. */
  public static int port(ByteBuffer block) {
    return block.getInt(PORT_OFFSET);
  }

  /** Sets port. */
  public static void port(ByteBuffer block, int value) {
    block.putInt(PORT_OFFSET, value);
  }

  /** Addresses that are valid: 0–8. */
  public static int addressCount(ByteBuffer block) {
    return block.getInt(ADDRESS_COUNT_OFFSET);
  }

  /** Sets addressCount. */
  public static void addressCount(ByteBuffer block, int value) {
    block.putInt(ADDRESS_COUNT_OFFSET, value);
  }

  /** Name of the claimant's host. */
  public static String hostName(ByteBuffer block) {
    return Fields.text(block, HOST_NAME_OFFSET, 64);
  }

  /** Sets hostName. */
  public static void hostName(ByteBuffer block, String value) {
    Fields.text(block, HOST_NAME_OFFSET, 64, value);
  }

  /** Reserved. */
  public static long statfsDelta(ByteBuffer block) {
    return block.getLong(STATFS_DELTA_OFFSET);
  }

  /** Sets statfsDelta. */
  public static void statfsDelta(ByteBuffer block, long value) {
    block.putLong(STATFS_DELTA_OFFSET, value);
  }

  /** When the slot was given up, in seconds; 0 while claimed. */
  public static long releasedAt(ByteBuffer block) {
    return block.getLong(RELEASED_AT_OFFSET);
  }

  /** Sets releasedAt. */
  public static void releasedAt(ByteBuffer block, long value) {
    block.putLong(RELEASED_AT_OFFSET, value);
  }

  /** The textual IP address number {@code index}, 0–7. */
  public static String address(ByteBuffer block, int index) {
    return Fields.text(block, addressOffset(index), ADDRESS_LENGTH);
  }

  /** Sets the textual IP address number {@code index}, 0–7. */
  public static void address(ByteBuffer block, int index, String value) {
    Fields.text(block, addressOffset(index), ADDRESS_LENGTH, value);
  }

  private static int addressOffset(int index) {
    return ADDRESSES_OFFSET + Objects.checkIndex(index, MAX_ADDRESSES) * ADDRESS_LENGTH;
  }
}
