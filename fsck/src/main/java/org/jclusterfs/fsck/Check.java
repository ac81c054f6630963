package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.format.Superblock;

/** What the passes share. Used by one thread. */
final class Check {
  private static final int VERSION_BITS = 20;

  final BlockStore store;
  final Report report;
  final ByteBuffer superblock;
  final Geometry geometry;
  final NameHash hash;
  final BlockMap map;
  final FoundInodes inodes;
  final Paths paths = new Paths(this);
  final List<Rebuild> rebuilds = new ArrayList<>();

  /** Changes of slot descriptors, which the claim would overwrite when it is given back. */
  final List<Rebuild> afterClaim = new ArrayList<>();

  /** Slots whose journal lies where it cannot be, as far as that is not repaired. */
  final Set<Integer> badJournals = new HashSet<>();

  /** Inode numbers of the slots' orphan directories. */
  final long[] orphanDirectories;

  /** Bitmap blocks kept in memory, those used last: 16 MiB. */
  private static final int BITMAPS = 4096;

  private final Map<Long, BlockStore.Checked> diskBitmaps =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, BlockStore.Checked> eldest) {
          return size() > BITMAPS;
        }
      };
  private long nextFree;

  /** Work that allocates blocks, and so waits until it is known what is in use. */
  interface Rebuild {
    void run() throws IOException;
  }

  Check(BlockStore store, Report report, ByteBuffer superblock) {
    this.store = store;
    this.report = report;
    this.superblock = superblock;
    this.geometry = Geometry.of(superblock);
    this.hash = NameHash.of(superblock);
    this.map = new BlockMap(geometry);
    this.inodes = new FoundInodes(geometry);
    this.orphanDirectories = new long[geometry.slotCount()];
    this.nextFree = geometry.groupArea();
  }

  long rootInode() {
    return Superblock.rootInode(superblock);
  }

  /** The lost+found that was made last; it may be gone, and its number something else's. */
  long lostFoundInode() {
    return Superblock.lostFoundInode(superblock);
  }

  /** A version that is higher than any this block can have had. */
  static long freshVersion() {
    return Instant.now().getEpochSecond() << VERSION_BITS;
  }

  /** The version that mkfs began at; 0 where the superblock's time cannot be right. */
  long firstVersion() {
    long made = Superblock.createTime(superblock);
    return made < 0 || made > Instant.now().getEpochSecond() ? 0 : made << VERSION_BITS;
  }

  /** A new metadata block with a fresh version. */
  ByteBuffer newBlock(int magic, long address, long owner) {
    ByteBuffer block = BlockHeader.allocate();
    BlockHeader.initialise(block, magic, address, store.volume(), owner);
    BlockHeader.version(block, freshVersion());
    return block;
  }

  /** Forgets what was read: others (a claim, a replay) wrote meanwhile. */
  void forget() {
    diskBitmaps.clear();
    store.forget();
  }

  /** The bitmap block as it is on the volume. */
  BlockStore.Checked diskBitmap(long group, int index) throws IOException {
    long address = geometry.bitmapBlock(group, index);
    BlockStore.Checked known = diskBitmaps.get(address);
    if (known == null) {
      int count = geometry.groupBitmapBlocks();
      long first = geometry.bitmapBlock(group, 0);
      store.readAhead(first, count);
      for (int i = 0; i < count; i++) {
        diskBitmaps.putIfAbsent(first + i, store.readChecked(first + i, BitmapBlock.MAGIC));
      }
      known = diskBitmaps.get(address);
    }
    return known;
  }

  /** The state of a block by the volume's bitmap; −1 where that is damaged. */
  int diskState(long block) throws IOException {
    BlockStore.Checked bitmap = diskBitmap(geometry.groupOf(block), geometry.bitmapOf(block));
    return bitmap.good() ? BitmapBlock.state(bitmap.block(), geometry.bitmapIndexOf(block)) : -1;
  }

  /**
   * Takes a block that neither anything found nor the volume's bitmaps use; where no good bitmap
   * tells of a free one, a block that nothing found uses and that holds zeros, or at last one that
   * holds no metadata.
   *
   * @throws IOException if there is none
   */
  long allocate(int state) throws IOException {
    long block = allocateUnmarked(state);
    markOnDisk(block, state);
    return block;
  }

  /** As {@link #allocate}, without an entry in the volume's bitmap. */
  long allocateUnmarked(int state) throws IOException {
    for (Doubt doubt : Doubt.values()) {
      for (long tried = geometry.groupArea(); tried < geometry.totalBlocks() - 1; tried++) {
        long block = nextFree;
        nextFree = nextFree + 1 < geometry.totalBlocks() - 1 ? nextFree + 1 : geometry.groupArea();
        if (geometry.isAllocatable(block)
            && map.isFree(block)
            && !map.isReleased(block)
            && mayTake(block, doubt)) {
          map.set(block, state);
          return block;
        }
      }
    }
    throw new IOException("no free block is left for a repair");
  }

  /** How a block of which no good bitmap tells is judged, from the safest on. */
  private enum Doubt {
    NOT_TAKEN,
    TAKEN_IF_ZERO,
    TAKEN_IF_NO_METADATA
  }

  private boolean mayTake(long block, Doubt doubt) throws IOException {
    int onDisk = diskState(block);
    if (onDisk >= 0 || doubt == Doubt.NOT_TAKEN) {
      return onDisk == BitmapBlock.FREE;
    }
    ByteBuffer content = store.read(block);
    return doubt == Doubt.TAKEN_IF_ZERO
        ? content.equals(BlockHeader.allocate())
        : !looksLikeMetadata(content, block);
  }

  /** Enters an own allocation into the volume's bitmap, so that it is no problem of its own. */
  void markOnDisk(long block, int state) throws IOException {
    BlockStore.Checked bitmap = diskBitmap(geometry.groupOf(block), geometry.bitmapOf(block));
    if (bitmap.good()) {
      int index = geometry.bitmapIndexOf(block);
      int before = BitmapBlock.state(bitmap.block(), index);
      BitmapBlock.state(bitmap.block(), index, state);
      store.write(bitmap.block());
      countOnDisk(block, before, state);
    }
  }

  private void countOnDisk(long block, int before, int after) throws IOException {
    long group = geometry.groupOf(block);
    BlockStore.Checked checked = store.readChecked(geometry.groupStart(group), GroupHeader.MAGIC);
    if (!checked.good()) {
      return; // the group pass makes it anew
    }
    ByteBuffer header = checked.block();
    int free = is(after, BitmapBlock.FREE) - is(before, BitmapBlock.FREE);
    int index = geometry.bitmapOf(block);
    GroupHeader.freeBlocks(header, GroupHeader.freeBlocks(header) + free);
    GroupHeader.freePerBitmap(header, index, GroupHeader.freePerBitmap(header, index) + free);
    GroupHeader.inodeCount(
        header,
        GroupHeader.inodeCount(header)
            + is(after, BitmapBlock.INODE)
            - is(before, BitmapBlock.INODE));
    if (free > 0) {
      GroupHeader.longestFree(header, GroupHeader.LONGEST_FREE_UNKNOWN);
    }
    if (before >= BitmapBlock.METADATA && free > 0) {
      raiseFloor(header, block);
    }
    store.write(header);
  }

  private static int is(int state, int wanted) {
    return state == wanted ? 1 : 0;
  }

  /** Sees to it that a later use of a freed metadata block starts above its version. */
  void raiseFloor(ByteBuffer header, long freed) throws IOException {
    ByteBuffer block = store.read(freed);
    if (looksLikeMetadata(block, freed)) {
      GroupHeader.versionFloor(
          header, Math.max(GroupHeader.versionFloor(header), BlockHeader.version(block)));
    }
  }

  /** Whether a block holds valid metadata of this volume, of whatever kind. */
  boolean looksLikeMetadata(ByteBuffer block, long address) {
    return store.check(block, BlockHeader.magic(block), address) == null;
  }

  /** Frees a block that a repair gives up, in the volume's bitmap too. */
  void free(long block) throws IOException {
    map.set(block, BitmapBlock.FREE);
    if (diskState(block) > BitmapBlock.FREE) {
      markOnDisk(block, BitmapBlock.FREE);
    }
  }
}
