package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.UnusableVolumeException;
import org.jclusterfs.core.volume.UnusableVolumeException.Reason;

/** Finds a good superblock, and brings the other copies into line with it. */
final class SuperblockPass {
  private static final long GIB_BLOCKS = (1L << 30) / BlockHeader.BLOCK_SIZE;

  // A backup moves up behind a header and at most 63 bitmaps.
  private static final int BACKUP_SHIFT = 65;

  private final BlockStore store;
  private final Report report;

  SuperblockPass(BlockStore store, Report report) {
    this.store = store;
    this.report = report;
  }

  /**
   * Finds the superblock to work by.
   *
   * @param backup number of the backup to use, 0: the primary, or where that is damaged any other
   * @throws UnusableVolumeException if there is none
   */
  ByteBuffer find(int backup) throws IOException {
    UnusableVolumeException refused = null;
    if (backup == 0) {
      try {
        return Superblocks.readPrimary(store.device());
      } catch (UnusableVolumeException e) {
        if (e.reason() == Reason.UNSUPPORTED) {
          throw e;
        }
        refused = e;
      }
    }
    ByteBuffer found = findBackup(backup);
    if (found != null) {
      return found;
    }
    if (refused != null) {
      throw refused;
    }
    throw new UnusableVolumeException(
        Reason.NOT_A_VOLUME,
        store.device().description() + ": no good backup superblock " + backup + " was found");
  }

  private ByteBuffer findBackup(int wanted) throws IOException {
    long blocks = store.device().size() / BlockHeader.BLOCK_SIZE;
    ByteBuffer last = tryBackup(blocks - 1, wanted);
    if (last != null) {
      return last;
    }
    for (long place = GIB_BLOCKS; place < blocks; place *= 4) {
      for (long at = place; at < Math.min(blocks, place + BACKUP_SHIFT); at++) {
        ByteBuffer found = tryBackup(at, wanted);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private ByteBuffer tryBackup(long address, int wanted) throws IOException {
    try {
      ByteBuffer block = Superblocks.read(store.device(), address);
      return wanted == 0 || Superblock.backupIndex(block) == wanted ? block : null;
    } catch (UnusableVolumeException e) {
      return null;
    }
  }

  /** Compares the copies with {@code good} and repairs them. */
  void check(ByteBuffer good) throws IOException {
    BlockStore.Checked primary = store.readChecked(Superblock.PRIMARY_ADDRESS, Superblock.MAGIC);
    boolean same = primary.good() && sameContent(primary.block(), good);
    if (!same
        && report.fix(
            Problem.PRIMARY_SUPERBLOCK_DAMAGED,
            primary.good() ? "differs from the backup in use" : primary.text())) {
      write(good, Superblock.PRIMARY_ADDRESS, 0);
    }
    long[] backups = Geometry.of(good).backups();
    for (int i = 0; i < backups.length; i++) {
      BlockStore.Checked backup = store.readChecked(backups[i], Superblock.MAGIC);
      if (!(backup.good()
              && Superblock.backupIndex(backup.block()) == i + 1
              && sameContent(backup.block(), good))
          && report.fix(Problem.BACKUP_SUPERBLOCK_WRONG, backups[i])) {
        write(good, backups[i], i + 1);
      }
    }
  }

  private void write(ByteBuffer good, long address, int index) throws IOException {
    ByteBuffer copy = BlockHeader.allocate().put(0, good, 0, BlockHeader.BLOCK_SIZE);
    BlockHeader.address(copy, address);
    Superblock.backupIndex(copy, index);
    store.write(copy);
    BlockIo.await(store.device().flush());
  }

  /** Whether two copies say the same beside their own place and version. */
  private static boolean sameContent(ByteBuffer a, ByteBuffer b) {
    for (int at = Superblock.MAJOR_VERSION_OFFSET; at < BlockHeader.BLOCK_SIZE; at += 4) {
      if (at != Superblock.BACKUP_INDEX_OFFSET && a.getInt(at) != b.getInt(at)) {
        return false;
      }
    }
    return true;
  }
}
