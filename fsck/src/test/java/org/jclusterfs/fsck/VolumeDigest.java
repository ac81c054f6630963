package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.volume.JournalReplay;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.Faults;
import org.jclusterfs.journal.JournalOptions;
import org.jclusterfs.journal.testing.DiskImage;
import org.jclusterfs.journal.testing.DiskRecording;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * Tells disks apart, and volumes by what replay makes of them. Used by one thread.
 *
 * <p>Of a disk everything counts, but for what a claim of a slot draws by lot or takes from the
 * clock: two that are alike in all else are recovered alike. Of a volume after replay everything
 * outside of the slots and journals counts: two that come out of it with the same bytes mount, read
 * and check alike.
 */
final class VolumeDigest {
  private final Geometry geometry;
  private final UUID uuid;
  private final List<Integer> slots;
  private final JournalOptions options;
  private final Map<byte[], Long> known = new IdentityHashMap<>();

  VolumeDigest(Fault... faults) throws Exception {
    this.geometry = CrashTemplate.geometry();
    this.uuid = CrashTemplate.uuid();
    this.slots = IntStream.range(0, geometry.slotCount()).boxed().toList();
    this.options = Faults.plant(JournalOptions.defaults(), faults);
  }

  /** Digests a disk as a power cut left it. */
  long ofImage(DiskImage image) {
    long digest = 0;
    for (Map.Entry<Long, byte[]> entry : image.changed().entrySet()) {
      long block = entry.getKey();
      byte[] base = image.baseBlock(block);
      if (entry.getValue() != base) {
        long content = digest(block, entry.getValue());
        digest += content == digest(block, base) ? 0 : mix(content + mix(block));
      }
    }
    return digest;
  }

  /** Digests a recording: what was written, in which order, and the marks. */
  long ofRecording(DiskRecording recording) {
    long digest = ofImage(recording.start());
    for (DiskRecording.Event event : recording.events()) {
      digest = mix(digest + event.kind().ordinal()) + mix(event.block());
      for (int i = 0; i < event.contents().size(); i++) {
        digest = mix(digest) + digest(event.block() + i, event.contents().get(i));
      }
      digest += event.mark() == null ? 0 : mix(event.mark().hashCode());
    }
    return digest;
  }

  /**
   * Replays all journals and digests the volume that comes out.
   *
   * @throws IOException if replay refuses
   */
  long afterReplay(DiskImage image) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(image);
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      new JournalReplay(device, geometry, uuid, options).replay(slots);
      device.flush().join();
    }
    DiskImage replayed = disk.image();
    long digest = 0;
    for (Map.Entry<Long, byte[]> entry : replayed.changed().entrySet()) {
      long block = entry.getKey();
      if (block >= geometry.slotArea() && block < geometry.groupArea()) {
        continue;
      }
      long content = compute(entry.getValue());
      if (content != digest(block, image.baseBlock(block))) {
        digest += mix(content + mix(block));
      }
    }
    return digest;
  }

  /** Content that comes again and again is looked at once. */
  private long digest(long block, byte[] content) {
    Long found = known.get(content);
    if (found == null) {
      found = compute(withoutChance(block, content));
      known.put(content, found);
    }
    return found;
  }

  /** A sound slot descriptor or heartbeat without what differs from claim to claim. */
  private byte[] withoutChance(long address, byte[] content) {
    boolean descriptor = address >= geometry.slotArea() && address < geometry.heartbeatBlock(0);
    boolean heartbeat = address >= geometry.heartbeatBlock(0) && address < geometry.fenceBlock(0);
    if (!descriptor && !heartbeat) {
      return content;
    }
    ByteBuffer block = ByteBuffer.wrap(content.clone()).order(ByteOrder.LITTLE_ENDIAN);
    int magic = descriptor ? SlotDescriptor.MAGIC : Heartbeat.MAGIC;
    if (BlockHeader.check(block, magic, address, uuid) != null) {
      return content;
    }
    if (descriptor) {
      SlotDescriptor.incarnation(block, 0);
      SlotDescriptor.reservationKey(block, 0);
      SlotDescriptor.claimedAt(block, 0);
      SlotDescriptor.releasedAt(block, 0);
    } else {
      Heartbeat.incarnation(block, 0);
      Heartbeat.wallClock(block, 0);
    }
    BlockHeader.seal(block);
    return block.array();
  }

  private static long compute(byte[] content) {
    CRC32C castagnoli = new CRC32C();
    castagnoli.update(content);
    CRC32 other = new CRC32();
    other.update(content);
    return castagnoli.getValue() << 32 | other.getValue();
  }

  private static long mix(long value) {
    long mixed = (value ^ value >>> 33) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ mixed >>> 33;
  }
}
