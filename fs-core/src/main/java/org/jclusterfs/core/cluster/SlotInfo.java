package org.jclusterfs.core.cluster;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.device.ProcessIdentity;
import org.jclusterfs.core.format.SlotDescriptor;

/**
 * A slot descriptor as a value.
 *
 * @param slot 0–254
 * @param state {@link SlotDescriptor#FREE}, {@link SlotDescriptor#MOUNTED} or {@link
 *     SlotDescriptor#TOOL}
 * @param journalStart first block of its journal, 0: none
 * @param journalBlocks blocks of its journal
 * @param orphanDirectory inode of its orphan directory
 * @param incarnation the claim, 0: never claimed
 * @param key the claimant's reservation key
 * @param process the claimant's process
 * @param claimedAt seconds since 1970
 * @param port of the claimant's lock manager
 * @param addresses of the claimant, textual
 * @param hostName of the claimant
 * @param releasedAt seconds since 1970, 0 while claimed
 */
public record SlotInfo(
    int slot,
    int state,
    long journalStart,
    long journalBlocks,
    long orphanDirectory,
    long incarnation,
    long key,
    ProcessIdentity process,
    long claimedAt,
    int port,
    List<String> addresses,
    String hostName,
    long releasedAt) {

  /** Whether nobody holds the slot. */
  public boolean isFree() {
    return state == SlotDescriptor.FREE;
  }

  /** Whether it is held by a mount without a cluster. */
  boolean isMountAlone() {
    return state == SlotDescriptor.TOOL && port == SlotDescriptor.PORT_OF_MOUNT_ALONE;
  }

  /** One line that names the holder for people. */
  public String holder() {
    return "slot "
        + slot
        + ": "
        + SlotDescriptor.claimant(state, port)
        + "host "
        + hostName
        + ", pid "
        + process.pid()
        + ", since "
        + Instant.ofEpochSecond(claimedAt);
  }

  static SlotInfo read(ByteBuffer block) {
    List<String> addresses = new ArrayList<>();
    int count =
        Math.max(0, Math.min(SlotDescriptor.MAX_ADDRESSES, SlotDescriptor.addressCount(block)));
    for (int i = 0; i < count; i++) {
      addresses.add(SlotDescriptor.address(block, i));
    }
    return new SlotInfo(
        SlotDescriptor.slot(block),
        SlotDescriptor.state(block),
        SlotDescriptor.journalStart(block),
        SlotDescriptor.journalBlocks(block),
        SlotDescriptor.orphanDirectory(block),
        SlotDescriptor.incarnation(block),
        SlotDescriptor.reservationKey(block),
        new ProcessIdentity(
            SlotDescriptor.bootId(block),
            SlotDescriptor.pidNamespace(block),
            SlotDescriptor.pid(block),
            SlotDescriptor.startTime(block)),
        SlotDescriptor.claimedAt(block),
        SlotDescriptor.port(block),
        List.copyOf(addresses),
        SlotDescriptor.hostName(block),
        SlotDescriptor.releasedAt(block));
  }

  /** Writes all fields into a block that holds the slot's present descriptor. */
  void write(ByteBuffer block) {
    SlotDescriptor.state(block, state);
    SlotDescriptor.incarnation(block, incarnation);
    SlotDescriptor.reservationKey(block, key);
    SlotDescriptor.bootId(block, process.bootId());
    SlotDescriptor.pidNamespace(block, process.pidNamespace());
    SlotDescriptor.pid(block, process.pid());
    SlotDescriptor.startTime(block, process.startTime());
    SlotDescriptor.claimedAt(block, claimedAt);
    SlotDescriptor.port(block, port);
    SlotDescriptor.addressCount(block, addresses.size());
    for (int i = 0; i < SlotDescriptor.MAX_ADDRESSES; i++) {
      SlotDescriptor.address(block, i, i < addresses.size() ? addresses.get(i) : "");
    }
    SlotDescriptor.hostName(block, hostName);
    SlotDescriptor.releasedAt(block, releasedAt);
  }

  SlotInfo claimed(
      int newState, long newIncarnation, long newKey, Claimant claimant, long seconds) {
    return new SlotInfo(
        slot,
        newState,
        journalStart,
        journalBlocks,
        orphanDirectory,
        newIncarnation,
        newKey,
        claimant.process(),
        seconds,
        claimant.port(),
        claimant.addresses(),
        claimant.hostName(),
        0);
  }

  SlotInfo freed(long seconds) {
    return new SlotInfo(
        slot,
        SlotDescriptor.FREE,
        journalStart,
        journalBlocks,
        orphanDirectory,
        incarnation,
        key,
        process,
        claimedAt,
        0,
        List.of(),
        hostName,
        seconds);
  }

  /**
   * Who claims.
   *
   * @param process its process
   * @param hostName its host
   * @param addresses where its lock manager listens; none for a tool
   * @param port where its lock manager listens; 0 for a tool
   */
  record Claimant(ProcessIdentity process, String hostName, List<String> addresses, int port) {}
}
