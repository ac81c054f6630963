package org.jclusterfs.core.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockDamage;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.JournalFormatException;
import org.jclusterfs.journal.JournalOptions;
import org.jclusterfs.journal.LockTag;
import org.jclusterfs.journal.LoggedImage;
import org.jclusterfs.journal.RecoveredLog;
import org.jclusterfs.journal.ReplayFilter;

/**
 * The journals of nodes that are gone, replayed together by one that has the volume to itself.
 *
 * <p>The blocks of resource groups in all journals come first, so that the bitmaps then tell of
 * every other block whether it is metadata still: an image is written over a block that is not
 * valid metadata only where they say so. Used by one thread.
 */
public final class SlotJournals {
  private final BlockDevice device;
  private final Geometry geometry;
  private final UUID volume;
  private final MetadataInspector inspector;
  private final JournalOptions options;
  private final Map<Integer, RecoveredLog> logs = new LinkedHashMap<>();
  private Map<Long, LoggedImage> loggedGroupBlocks;

  /** None yet, of the volume with this checked superblock. */
  public SlotJournals(BlockDevice device, ByteBuffer superblock) {
    this(device, Geometry.of(superblock), BlockHeader.volumeUuid(superblock));
  }

  /** None yet, of a volume. */
  public SlotJournals(BlockDevice device, Geometry geometry, UUID volume) {
    this(device, geometry, volume, JournalOptions.defaults());
  }

  /** None yet, of a volume; of the options the inspector is not looked at. */
  public SlotJournals(BlockDevice device, Geometry geometry, UUID volume, JournalOptions options) {
    this.device = device;
    this.geometry = geometry;
    this.volume = volume;
    this.inspector = new MetadataInspector(volume, !options.leavesOut(Fault.BLOCK_CHECKSUM));
    this.options = options.withInspector(inspector);
  }

  /**
   * Reads a slot's journal and, if it is not clean, adds it to those to be replayed.
   *
   * @return number of block images that it holds; −1 where it is clean
   * @throws UnusableVolumeException if there is no sound journal
   */
  public int add(ByteBuffer slotDescriptor, int slot) throws IOException {
    RecoveredLog log = recover(slotDescriptor, slot);
    if (log.clean()) {
      return -1;
    }
    logs.put(slot, log);
    return log.images().size();
  }

  /** Why a journal that was added can be replayed in part only; see {@link #acceptDamage}. */
  public Optional<String> damage(int slot) {
    return logs.get(slot).damage();
  }

  /** Gives up what stands behind the damage of a journal that was added; for a repair only. */
  public void acceptDamage(int slot) {
    logs.get(slot).acceptDamage();
  }

  /**
   * Whether an area holds a sound journal of that slot, clean or not; nothing but its header is
   * looked at.
   */
  public boolean isJournal(long start, long blocks, int slot) throws IOException {
    try {
      JournalArea area = new JournalArea(device, start, blocks);
      return Journal.isFormatted(area, volume, slot);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Whether both copies of a journal's header are whole, or one in use is to get them anyway. */
  public boolean bothHeadersWhole(ByteBuffer slotDescriptor, int slot) throws IOException {
    return recover(slotDescriptor, slot).bothHeadersWhole();
  }

  /** Writes the damaged one of the two headers of a clean journal again. */
  public void restoreHeader(ByteBuffer slotDescriptor, int slot) throws IOException {
    recover(slotDescriptor, slot).restoreHeader();
  }

  private RecoveredLog recover(ByteBuffer slotDescriptor, int slot) throws IOException {
    try {
      return Journal.recover(JournalArea.of(device, slotDescriptor), volume, slot, options);
    } catch (JournalFormatException e) {
      throw new UnusableVolumeException(
          e.isUnsupported()
              ? UnusableVolumeException.Reason.UNSUPPORTED
              : UnusableVolumeException.Reason.DAMAGED,
          String.valueOf(e.getMessage()));
    } catch (IllegalArgumentException e) {
      throw new UnusableVolumeException(
          UnusableVolumeException.Reason.DAMAGED, String.valueOf(e.getMessage()));
    }
  }

  /**
   * As {@link #add(ByteBuffer, int)}, with the slot's descriptor as it is on the device.
   *
   * @return −1 also where the slot has no journal
   */
  public int add(int slot) throws IOException {
    ByteBuffer descriptor = descriptor(slot);
    return SlotDescriptor.journalStart(descriptor) == 0 ? -1 : add(descriptor, slot);
  }

  private ByteBuffer descriptor(int slot) throws IOException {
    long address = geometry.slotBlock(slot);
    ByteBuffer block = read(address);
    BlockDamage damage = BlockHeader.check(block, SlotDescriptor.MAGIC, address, volume);
    if (damage != null) {
      throw new UnusableVolumeException(
          UnusableVolumeException.Reason.DAMAGED,
          "the descriptor of slot " + slot + ": " + damage.text() + "; run fsck.jclusterfs");
    }
    return block;
  }

  /** Makes a slot's journal anew; what it held is lost. */
  public void format(ByteBuffer slotDescriptor, int slot) throws IOException {
    Journal.format(JournalArea.of(device, slotDescriptor), volume, slot);
  }

  /** Brings everything home, durably, and marks the journals clean. */
  public void replay() throws IOException {
    for (RecoveredLog log : logs.values()) {
      log.replay(image -> isGroupBlock(image.address()), (address, lock) -> true);
    }
    ReplayFilter metadataOnly =
        options.leavesOut(Fault.REPLAY_BITMAPS) ? (address, lock) -> true : new MetadataOnly();
    for (RecoveredLog log : logs.values()) {
      log.replay(image -> !isGroupBlock(image.address()), metadataOnly);
    }
    for (RecoveredLog log : logs.values()) {
      log.markClean();
    }
    logs.clear();
  }

  /** Permits what the bitmaps call metadata; those read for a batch serve the whole batch. */
  private final class MetadataOnly implements ReplayFilter, Reader {
    private final Map<Long, ByteBuffer> bitmaps = new HashMap<>();

    @Override
    public void nextBatch() {
      // Read after the blocks that they tell of: a block is data only once its bitmap says so.
      bitmaps.clear();
    }

    @Override
    public boolean mayReplay(long address, LockTag lock) {
      return isMetadata(address, lock, this);
    }

    @Override
    public ByteBuffer read(long block) throws IOException {
      ByteBuffer known = bitmaps.get(block);
      if (known == null) {
        known = SlotJournals.this.read(block);
        bitmaps.put(block, known);
      }
      return known;
    }

    @Override
    public ByteBuffer readAgain(long block) throws IOException {
      return SlotJournals.this.read(block);
    }
  }

  /** The blocks that {@link #replay} would write, without writing them. */
  public Map<Long, ByteBuffer> preview() throws IOException {
    Map<Long, ByteBuffer> overlay = new HashMap<>();
    collect(overlay, image -> isGroupBlock(image.address()));
    collect(overlay, image -> !isGroupBlock(image.address()));
    return overlay;
  }

  private void collect(Map<Long, ByteBuffer> overlay, Predicate<LoggedImage> subset)
      throws IOException {
    for (RecoveredLog log : logs.values()) {
      for (LoggedImage image : log.images()) {
        if (!subset.test(image)) {
          continue;
        }
        long address = image.address();
        ByteBuffer home = overlay.get(address);
        if (home == null) {
          home = read(address);
        }
        long version = inspector.version(home, address);
        boolean apply =
            version >= 0
                ? version < image.version()
                : isGroupBlock(address)
                    || isMetadata(
                        address,
                        image.lock(),
                        at -> overlay.containsKey(at) ? overlay.get(at) : read(at));
        if (apply) {
          ByteBuffer copy = BlockHeader.allocate();
          copy.duplicate().put(image.content());
          overlay.put(address, copy);
        }
      }
    }
  }

  private interface Reader {
    ByteBuffer read(long address) throws IOException;

    /** Reads anew what was read before. */
    default ByteBuffer readAgain(long address) throws IOException {
      return read(address);
    }
  }

  private ByteBuffer read(long address) throws IOException {
    return BlockIo.read(device, address, 1);
  }

  private boolean isGroupBlock(long address) {
    long group = geometry.groupOf(address);
    return group >= 0 && address < geometry.firstDataBlock(group);
  }

  private boolean isMetadata(long address, LockTag lock, Reader reader) {
    long group = geometry.groupOf(address);
    if (group < 0) {
      return address > 0 && address < geometry.groupArea();
    }
    try {
      long home = geometry.bitmapBlock(group, geometry.bitmapOf(address));
      int index = geometry.bitmapIndexOf(address);
      if (isMetadata(reader.read(home).order(ByteOrder.LITTLE_ENDIAN), home, index)) {
        return true;
      }
      LoggedImage logged = logged(home);
      // Read again: who lives may have brought it home while its journal was looked at.
      ByteBuffer bitmap = reader.readAgain(home).order(ByteOrder.LITTLE_ENDIAN);
      boolean newer = logged != null && inspector.version(bitmap, home) < logged.version();
      return isMetadata(
          newer ? logged.content().slice().order(ByteOrder.LITTLE_ENDIAN) : bitmap, home, index);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("bitmap of block " + address + ", " + lock, e);
    }
  }

  private boolean isMetadata(ByteBuffer bitmap, long home, int index) {
    return BlockHeader.check(bitmap, BitmapBlock.MAGIC, home, volume) == null
        && BitmapBlock.state(bitmap, index) >= BitmapBlock.METADATA;
  }

  /**
   * The newest image of a bitmap in any journal, or null. The one on the device may be torn, or
   * older than what is to be replayed: a node may change an inode that another one has made, whose
   * journal alone holds the bitmap and whose turn to be replayed has not come, or who lives.
   */
  private LoggedImage logged(long groupBlock) throws IOException {
    if (loggedGroupBlocks == null) {
      loggedGroupBlocks = new HashMap<>();
      for (int slot = 0; slot < geometry.slotCount(); slot++) {
        collectGroupBlocks(slot);
      }
    }
    return loggedGroupBlocks.get(groupBlock);
  }

  private void collectGroupBlocks(int slot) throws IOException {
    try {
      ByteBuffer descriptor = descriptor(slot);
      if (SlotDescriptor.journalStart(descriptor) != 0) {
        for (LoggedImage image : recover(descriptor, slot).images()) {
          if (isGroupBlock(image.address())) {
            loggedGroupBlocks.merge(
                image.address(), image, (a, b) -> a.version() < b.version() ? b : a);
          }
        }
      }
    } catch (UnusableVolumeException e) {
      // That journal's own replay reports it.
      return;
    }
  }
}
