package org.jclusterfs.core.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.LockTag;
import org.jclusterfs.journal.LoggedImage;
import org.jclusterfs.journal.RecoveredLog;
import org.jclusterfs.journal.ReplayFilter;

/**
 * Replays the journals of dead slots: first the resource groups' blocks of all of them, then
 * everything else, since the bitmaps tell whether a block that is no valid metadata may be
 * overwritten by an old image or holds file data by now. Idempotent.
 */
public final class JournalReplay {
  private static final System.Logger LOG = System.getLogger(JournalReplay.class.getName());

  private final BlockDevice device;
  private final Geometry geometry;
  private final UUID volume;

  /** Makes the replayer of a volume. */
  public JournalReplay(BlockDevice device, Geometry geometry, UUID volume) {
    this.device = device;
    this.geometry = geometry;
    this.volume = volume;
  }

  /**
   * Replays the journals of some slots and marks them clean. Each is fenced, or dead for sure.
   *
   * @return how many of them were dirty
   */
  public int replay(Collection<Integer> slots) throws IOException {
    List<RecoveredLog> dirty = new ArrayList<>();
    for (int slot : slots) {
      RecoveredLog log = recover(slot);
      if (log != null && !log.clean()) {
        dirty.add(log);
      }
    }
    ReplayFilter never = (address, lock) -> true;
    for (RecoveredLog log : dirty) {
      log.replay(JournalReplay::isGroupBlock, never);
    }
    for (RecoveredLog log : dirty) {
      log.replay(image -> !isGroupBlock(image), this::isMetadata);
    }
    for (RecoveredLog log : dirty) {
      log.markClean();
    }
    return dirty.size();
  }

  private RecoveredLog recover(int slot) throws IOException {
    ByteBuffer descriptor = BlockIo.read(device, geometry.slotBlock(slot), 1);
    if (SlotDescriptor.journalStart(descriptor) == 0) {
      return null;
    }
    RecoveredLog log =
        Journal.recover(
            JournalArea.of(device, descriptor), volume, slot, new MetadataInspector(volume));
    LOG.log(
        System.Logger.Level.INFO,
        "journal of slot {0}: {1}",
        slot,
        log.clean() ? "clean" : log.images().size() + " blocks to replay");
    return log;
  }

  private static boolean isGroupBlock(LoggedImage image) {
    int magic = BlockHeader.magic(image.content().order(java.nio.ByteOrder.LITTLE_ENDIAN));
    return magic == GroupHeader.MAGIC || magic == BitmapBlock.MAGIC;
  }

  /** Whether the bitmap on the device says that a block that is not valid is to be metadata. */
  private boolean isMetadata(long address, LockTag lock) {
    long group = geometry.groupOf(address);
    if (group < 0) {
      return true;
    }
    try {
      int bitmap = geometry.bitmapOf(address);
      ByteBuffer block = BlockIo.read(device, geometry.bitmapBlock(group, bitmap), 1);
      if (BlockHeader.check(block, BitmapBlock.MAGIC, geometry.bitmapBlock(group, bitmap), volume)
          != null) {
        return false;
      }
      int state = BitmapBlock.state(block, geometry.bitmapIndexOf(address));
      return state == BitmapBlock.METADATA || state == BitmapBlock.INODE;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("bitmap of block " + address + " cannot be read", e);
    }
  }
}
