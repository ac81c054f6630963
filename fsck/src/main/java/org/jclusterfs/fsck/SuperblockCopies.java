package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.UnusableVolumeException;
import org.jclusterfs.core.volume.UnusableVolumeException.Reason;

/**
 * The copies of the superblock on a device, and which of them is right where they differ.
 *
 * <p>A copy that the volume contradicts less is right, see {@link SuperblockProbe}. Among those
 * that it contradicts alike: the primary where its version is higher than all others', since it is
 * written first and the backups may be left from before; else what most copies say; else the
 * primary.
 */
final class SuperblockCopies {
  private static final long GIB_BLOCKS = (1L << 30) / BlockHeader.BLOCK_SIZE;
  private static final int CHUNK = 256;

  // A backup moves up behind a header and at most 63 bitmaps.
  private static final int BACKUP_SHIFT = 65;

  private final BlockDevice device;
  private final long blocks;
  private String primaryText = "differs from the backup in use";
  private UnusableVolumeException unsupported;

  SuperblockCopies(BlockDevice device) {
    this.device = device;
    this.blocks = device.size() / BlockHeader.BLOCK_SIZE;
  }

  /** Why the primary is not the one to work by, to follow "the primary superblock". */
  String primaryText() {
    return primaryText;
  }

  /**
   * The backup of a number.
   *
   * @throws UnusableVolumeException if there is none that is good
   */
  ByteBuffer backup(int wanted) throws IOException {
    for (ByteBuffer copy : usualBackups().values()) {
      if (Superblock.backupIndex(copy) == wanted) {
        return copy;
      }
    }
    for (ByteBuffer copy : anyBackups().values()) {
      if (Superblock.backupIndex(copy) == wanted) {
        return copy;
      }
    }
    throw new UnusableVolumeException(
        Reason.NOT_A_VOLUME, device.description() + ": no good backup superblock " + wanted);
  }

  /**
   * The copy to work by.
   *
   * @throws UnusableVolumeException if there is none, or one of a newer version
   */
  ByteBuffer best() throws IOException {
    ByteBuffer primary = null;
    UnusableVolumeException refused = null;
    try {
      primary = Superblocks.readPrimary(device);
    } catch (UnusableVolumeException e) {
      if (e.reason() == Reason.UNSUPPORTED) {
        throw new UnusableVolumeException(
            e.reason(), e.getMessage() + "; if that cannot be, -b 1 works by a backup superblock");
      }
      refused = e;
      primaryText = "contradicts itself";
    }
    Map<Long, ByteBuffer> copies = new TreeMap<>();
    if (primary != null) {
      boolean agreed = Superblock.backupIndex(primary) == 0;
      for (long place : Geometry.of(primary).backups()) {
        ByteBuffer copy = read(place);
        agreed &= copy != null && sameContent(copy, primary);
        if (copy != null) {
          copies.put(place, copy);
        }
      }
      if (agreed) {
        return primary;
      }
      copies.put(Superblock.PRIMARY_ADDRESS, primary);
    }
    copies.putAll(usualBackups());
    if (copies.isEmpty()) {
      copies.putAll(anyBackups());
    }
    if (copies.isEmpty()) {
      throw unsupported == null ? refused : unsupported;
    }
    return choose(copies);
  }

  /** The good backup at a place, or null. */
  private ByteBuffer read(long address) throws IOException {
    try {
      ByteBuffer block = Superblocks.read(device, address);
      long[] places = Geometry.of(block).backups();
      int index = Superblock.backupIndex(block);
      boolean there = index >= 1 && index <= places.length && places[index - 1] == address;
      return there ? block : null;
    } catch (UnusableVolumeException e) {
      unsupported = e.reason() == Reason.UNSUPPORTED ? e : unsupported;
      return null;
    }
  }

  /** Backups where they lie on a volume that fills the device. */
  private Map<Long, ByteBuffer> usualBackups() throws IOException {
    Map<Long, ByteBuffer> found = new TreeMap<>();
    scan(blocks - 1, blocks, found);
    for (long place = GIB_BLOCKS; place < blocks; place *= 4) {
      scan(place, Math.min(blocks, place + BACKUP_SHIFT), found);
    }
    return found;
  }

  /**
   * A volume that is larger than 1 GiB has a usual backup: the last one of others is looked for.
   */
  private Map<Long, ByteBuffer> anyBackups() throws IOException {
    Map<Long, ByteBuffer> found = new TreeMap<>();
    scan(Superblock.PRIMARY_ADDRESS + 1, Math.min(blocks, GIB_BLOCKS + BACKUP_SHIFT), found);
    return found;
  }

  private void scan(long from, long to, Map<Long, ByteBuffer> found) throws IOException {
    for (long at = from; at < to; at += CHUNK) {
      int count = (int) Math.min(CHUNK, to - at);
      ByteBuffer chunk = BlockIo.read(device, at, count).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < count; i++) {
        boolean candidate = chunk.getInt(i * BlockHeader.BLOCK_SIZE) == Superblock.MAGIC;
        ByteBuffer copy = candidate ? read(at + i) : null;
        if (copy != null) {
          found.put(at + i, copy);
        }
      }
    }
  }

  /** Copies that say the same. */
  private static final class Opinion {
    final ByteBuffer copy;
    final int contradictions;
    final String contradiction;
    boolean primary;
    int votes;
    long version;

    Opinion(BlockDevice device, ByteBuffer copy) throws IOException {
      this.copy = copy;
      SuperblockProbe probe = new SuperblockProbe(device, copy);
      this.contradictions = probe.contradictions();
      this.contradiction = probe.first();
    }

    void add(ByteBuffer same) {
      votes++;
      primary |= BlockHeader.address(same) == Superblock.PRIMARY_ADDRESS;
      version = Math.max(version, BlockHeader.version(same));
    }
  }

  private ByteBuffer choose(Map<Long, ByteBuffer> copies) throws IOException {
    List<Opinion> opinions = new ArrayList<>();
    for (ByteBuffer copy : copies.values()) {
      Opinion same =
          opinions.stream().filter(o -> sameContent(o.copy, copy)).findFirst().orElse(null);
      if (same == null) {
        same = new Opinion(device, copy);
        opinions.add(same);
      }
      same.add(copy);
    }
    Opinion best =
        opinions.stream()
            .min(
                Comparator.<Opinion>comparingInt(o -> o.contradictions)
                    .thenComparing(o -> !isNewerPrimary(o, opinions))
                    .thenComparing(o -> -o.votes)
                    .thenComparing(o -> !o.primary))
            .orElseThrow();
    for (Opinion opinion : opinions) {
      if (opinion.primary && opinion != best) {
        primaryText =
            opinion.contradictions > best.contradictions
                ? "contradicts the volume: " + opinion.contradiction
                : "differs from most of its backups";
      }
    }
    return best.copy;
  }

  private static boolean isNewerPrimary(Opinion opinion, List<Opinion> all) {
    return opinion.primary
        && all.stream().allMatch(o -> o == opinion || o.version < opinion.version);
  }

  /** Whether two copies say the same beside their own place and version. */
  static boolean sameContent(ByteBuffer a, ByteBuffer b) {
    for (int at = Superblock.MAJOR_VERSION_OFFSET; at < BlockHeader.BLOCK_SIZE; at += 4) {
      if (at != Superblock.BACKUP_INDEX_OFFSET && a.getInt(at) != b.getInt(at)) {
        return false;
      }
    }
    return BlockHeader.volumeUuid(a).equals(BlockHeader.volumeUuid(b));
  }
}
