package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.UnusableVolumeException;

/** Finds a good superblock, and brings the other copies into line with it. */
final class SuperblockPass {
  private final BlockStore store;
  private final Report report;
  private final SuperblockCopies copies;

  SuperblockPass(BlockStore store, Report report) {
    this.store = store;
    this.report = report;
    this.copies = new SuperblockCopies(store.device());
  }

  /**
   * Finds the superblock to work by.
   *
   * @param backup number of the backup to use, 0: the copy that is most likely right
   * @throws UnusableVolumeException if there is none
   */
  ByteBuffer find(int backup) throws IOException {
    return backup == 0 ? copies.best() : copies.backup(backup);
  }

  /** Checks {@code good}, compares the copies with it and repairs them. */
  void check(ByteBuffer good) throws IOException {
    boolean changed = new SuperblockFields(store, report, good).run();
    if (changed) {
      BlockHeader.version(good, BlockHeader.version(good) + 1);
    }
    BlockStore.Checked primary = store.readChecked(Superblock.PRIMARY_ADDRESS, Superblock.MAGIC);
    boolean same = primary.good() && isCopy(primary.block(), good, 0);
    if (!changed && !same) {
      String text = primary.good() ? copies.primaryText() : primary.text();
      if (report.fix(Problem.PRIMARY_SUPERBLOCK_DAMAGED, text)) {
        write(good, Superblock.PRIMARY_ADDRESS, 0);
      }
    } else if (changed) {
      write(good, Superblock.PRIMARY_ADDRESS, 0);
    } else {
      checkHeader(primary.block());
    }
    long[] backups = Geometry.of(good).backups();
    for (int i = 0; i < backups.length; i++) {
      BlockStore.Checked backup = store.readChecked(backups[i], Superblock.MAGIC);
      if (changed) {
        write(good, backups[i], i + 1);
      } else if (!(backup.good() && isCopy(backup.block(), good, i + 1))) {
        if (report.fix(Problem.BACKUP_SUPERBLOCK_WRONG, backups[i])) {
          write(good, backups[i], i + 1);
        }
      } else {
        checkHeader(backup.block());
      }
    }
  }

  private static boolean isCopy(ByteBuffer block, ByteBuffer good, int index) {
    return Superblock.backupIndex(block) == index && SuperblockCopies.sameContent(block, good);
  }

  private void checkHeader(ByteBuffer block) throws IOException {
    if (new HeaderFields(report).check(block, "superblock", 0)) {
      write(block, BlockHeader.address(block), Superblock.backupIndex(block));
    }
  }

  /** Writes a copy; all copies have the version of the one that they were made from. */
  private void write(ByteBuffer good, long address, int index) throws IOException {
    ByteBuffer copy = BlockHeader.allocate().put(0, good, 0, BlockHeader.BLOCK_SIZE);
    BlockHeader.address(copy, address);
    BlockHeader.owner(copy, 0);
    copy.putInt(BlockHeader.HEADER_FLAGS_OFFSET, 0);
    Superblock.backupIndex(copy, index);
    if (!HeaderFields.isVersion(BlockHeader.version(copy))) {
      BlockHeader.version(copy, Check.freshVersion());
    }
    BlockHeader.seal(copy);
    store.writeRaw(address, copy);
    store.flush();
  }
}
