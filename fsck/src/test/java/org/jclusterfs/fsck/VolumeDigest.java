package org.jclusterfs.fsck;

import java.io.IOException;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.volume.JournalReplay;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.Faults;
import org.jclusterfs.journal.JournalOptions;
import org.jclusterfs.journal.testing.DiskImage;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * Tells volumes apart by what replay makes of them: everything outside of the slots and journals.
 * Two that come out of it with the same bytes mount, read and check alike, so that one of them is
 * enough. Used by one thread.
 */
final class VolumeDigest {
  private final Geometry geometry;
  private final JournalOptions options;
  private final Map<byte[], Long> known = new IdentityHashMap<>();

  VolumeDigest(Fault... faults) throws Exception {
    this.geometry = CrashTemplate.geometry();
    this.options = Faults.plant(JournalOptions.defaults(), faults);
  }

  /**
   * Replays all journals and digests the result.
   *
   * @throws IOException if replay refuses
   */
  long afterReplay(DiskImage image) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(image);
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      List<Integer> slots = IntStream.range(0, geometry.slotCount()).boxed().toList();
      new JournalReplay(device, geometry, CrashTemplate.uuid(), options).replay(slots);
      device.flush().join();
    }
    DiskImage replayed = disk.image();
    long digest = 0;
    for (Map.Entry<Long, byte[]> entry : replayed.changed().entrySet()) {
      long block = entry.getKey();
      if (block >= geometry.slotArea() && block < geometry.groupArea()) {
        continue;
      }
      long content = digest(entry.getValue());
      if (content != digest(image.baseBlock(block))) {
        digest += mix(content + mix(block));
      }
    }
    return digest;
  }

  /** Content that comes again and again is looked at once. */
  private long digest(byte[] content) {
    return known.computeIfAbsent(content, VolumeDigest::compute);
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
