package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.device.ProcessIdentity;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;

/**
 * A slot that somebody has claimed, and whether the claimant still lives.
 *
 * @param slot its number
 * @param claimant empty, or that it is a tool or a mount without a cluster, with "on" behind it
 * @param hostName host of the claimant
 * @param since when it was claimed
 * @param alive its heartbeat moves; false: nothing was heard for the volume's threshold of death
 */
record SlotUse(int slot, String claimant, String hostName, Instant since, boolean alive) {
  private static final int POLL_MILLIS = 200;

  /** One line that names slot, host and time. */
  String describe() {
    return "slot "
        + slot
        + ", "
        + claimant
        + "host "
        + (hostName.isEmpty() ? "unknown" : hostName)
        + ", since "
        + since;
  }

  /**
   * Looks at the claimed slots of a volume. Where one is claimed, its heartbeat is watched until
   * one is seen to live or all have been silent for the threshold; a claimant of this host that is
   * gone is known to be dead at once.
   *
   * @param superblock a checked superblock of the volume
   * @return the claimed slots; when one lives, those not yet known to live count as dead
   */
  static List<SlotUse> inspect(BlockDevice device, ByteBuffer superblock) throws IOException {
    Geometry geometry = Geometry.of(superblock);
    UUID volume = BlockHeader.volumeUuid(superblock);
    List<ByteBuffer> claimed = new ArrayList<>();
    List<ByteBuffer> unknown = new ArrayList<>();
    List<Integer> alive = new ArrayList<>();
    for (int slot = 0; slot < geometry.slotCount(); slot++) {
      long address = geometry.slotBlock(slot);
      ByteBuffer block = BlockIo.read(device, address, 1);
      if (BlockHeader.check(block, SlotDescriptor.MAGIC, address, volume) == null
          && SlotDescriptor.state(block) != SlotDescriptor.FREE) {
        claimed.add(block);
        switch (state(block)) {
          case ALIVE -> alive.add(slot);
          case UNKNOWN -> unknown.add(block);
          default -> {} // known to be dead
        }
      }
    }
    if (alive.isEmpty() && !unknown.isEmpty()) {
      watch(device, geometry, unknown, Superblock.heartbeatThreshold(superblock), alive);
    }
    return claimed.stream()
        .map(block -> of(block, alive.contains(SlotDescriptor.slot(block))))
        .toList();
  }

  private static SlotUse of(ByteBuffer block, boolean alive) {
    return new SlotUse(
        SlotDescriptor.slot(block),
        SlotDescriptor.claimant(SlotDescriptor.state(block), SlotDescriptor.port(block)),
        SlotDescriptor.hostName(block),
        Instant.ofEpochSecond(SlotDescriptor.claimedAt(block)),
        alive);
  }

  private static void watch(
      BlockDevice device,
      Geometry geometry,
      List<ByteBuffer> claimed,
      int threshold,
      List<Integer> alive)
      throws IOException {
    List<ByteBuffer> first = new ArrayList<>();
    int patience = threshold;
    for (ByteBuffer block : claimed) {
      ByteBuffer heartbeat = heartbeat(device, geometry, block);
      patience = Math.max(patience, Math.min(Heartbeat.threshold(heartbeat), 600_000));
      first.add(heartbeat);
    }
    long deadline = System.nanoTime() + patience * 1_000_000L;
    while (alive.isEmpty() && System.nanoTime() < deadline) {
      pause();
      for (int i = 0; i < first.size(); i++) {
        if (!heartbeat(device, geometry, claimed.get(i)).equals(first.get(i))) {
          alive.add(SlotDescriptor.slot(claimed.get(i)));
        }
      }
    }
  }

  private static ByteBuffer heartbeat(BlockDevice device, Geometry geometry, ByteBuffer block)
      throws IOException {
    return BlockIo.read(device, geometry.heartbeatBlock(SlotDescriptor.slot(block)), 1);
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }

  /** What can be said about the claimant without its heartbeat: only of one on this host. */
  private static ProcessIdentities.State state(ByteBuffer block) {
    try {
      return ProcessIdentities.isAlive(
          new ProcessIdentity(
              SlotDescriptor.bootId(block),
              SlotDescriptor.pidNamespace(block),
              SlotDescriptor.pid(block),
              SlotDescriptor.startTime(block)));
    } catch (IOException e) {
      return ProcessIdentities.State.UNKNOWN; // no /proc: judge by the heartbeat
    }
  }
}
