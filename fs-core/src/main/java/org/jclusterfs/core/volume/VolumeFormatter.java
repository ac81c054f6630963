package org.jclusterfs.core.volume;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.DirectoryEntry;
import org.jclusterfs.core.format.FenceBlock;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.format.NameHash;
import org.jclusterfs.core.format.NodeHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.journal.Journal;

/**
 * Makes a volume on a device.
 *
 * <p>The old primary superblock is destroyed first and the new one written last, each with a flush
 * between it and the rest: a format that broke off leaves no volume. Nothing is zeroed that is
 * written before it is read.
 */
public final class VolumeFormatter {
  private static final int BLOCK = BlockHeader.BLOCK_SIZE;
  private static final int DEFAULT_HEARTBEAT_THRESHOLD = 15_000;
  private static final int DIRECTORY_MODE = 0040000;

  private final BlockDevice device;
  private final FormatPlan plan;
  private final Geometry geometry;
  private final FormatProgress progress;
  private final RandomGenerator random;
  private final Instant now;
  private final WriteQueue queue;

  // Blocks in use beside the groups' own headers and bitmaps, with their states.
  private final TreeMap<Long, Integer> used = new TreeMap<>();
  private final long[] orphanDirectories;
  private final byte[] hashKey = new byte[16];
  private final byte[] clusterSecret = new byte[32];
  private long root;
  private long lostFound;

  private VolumeFormatter(
      BlockDevice device,
      FormatPlan plan,
      FormatProgress progress,
      RandomGenerator random,
      Clock clock) {
    this.device = device;
    this.plan = plan;
    this.geometry = plan.geometry();
    this.progress = progress;
    this.random = random;
    this.now = clock.instant();
    this.queue = new WriteQueue(device);
    this.orphanDirectories = new long[geometry.slotCount()];
    random.nextBytes(hashKey);
    random.nextBytes(clusterSecret);
  }

  /**
   * Makes a volume; whatever the device held is lost. The caller has made sure that nobody uses it.
   *
   * @return what was made
   * @throws IllegalArgumentException if the options do not fit the device
   * @throws IOException if the device fails; there is no volume on it then
   */
  public static FormatPlan format(BlockDevice device, FormatOptions options) throws IOException {
    FormatPlan plan = FormatPlan.of(device.size() / BLOCK, options);
    format(device, plan, FormatProgress.SILENT);
    return plan;
  }

  /** Makes the planned volume; see {@link #format(BlockDevice, FormatOptions)}. */
  public static void format(BlockDevice device, FormatPlan plan, FormatProgress progress)
      throws IOException {
    format(device, plan, progress, new SecureRandom(), Clock.systemUTC());
  }

  /** As above, with the sources of chance and time given. */
  static void format(
      BlockDevice device,
      FormatPlan plan,
      FormatProgress progress,
      RandomGenerator random,
      Clock clock)
      throws IOException {
    new VolumeFormatter(device, plan, progress, random, clock).run();
  }

  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  private void step(String name, Step step) throws IOException {
    progress.step(name, false);
    step.run();
    queue.drain();
    progress.step(name, true);
  }

  private void run() throws IOException {
    destroyOldSignatures();
    if (plan.discard()) {
      step("Discarding all blocks", this::discard);
    }
    place();
    step("Writing journals", this::writeJournals);
    step("Writing slots", this::writeSlotArea);
    step("Writing resource groups", this::writeGroups);
    step("Writing system directories", this::writeDirectories);
    step("Writing backup superblocks", this::writeBackups);
    step(
        "Writing superblock",
        () -> {
          queue.flush();
          queue.write(Superblock.PRIMARY_ADDRESS, superblock(Superblock.PRIMARY_ADDRESS, 0));
          queue.flush();
        });
  }

  private void destroyOldSignatures() throws IOException {
    queue.write(0, ByteBuffer.allocate((int) (Superblock.PRIMARY_ADDRESS + 1) * BLOCK));
    queue.flush();
  }

  private void discard() {
    try {
      BlockIo.await(device.discard(0, geometry.totalBlocks() * BLOCK));
    } catch (IOException ignored) {
      // A hint: a device that does not know it keeps its blocks. A broken one fails the next write.
    }
  }

  /** Decides where the first inodes and the backups go. */
  private void place() {
    for (long backup : geometry.backups()) {
      if (geometry.groupOf(backup) >= 0) {
        used.put(backup, BitmapBlock.METADATA);
      }
    }
    root = placeInode(0);
    lostFound = placeInode(0);
    for (int slot = 0; slot < orphanDirectories.length; slot++) {
      // Spread over the groups, and so over the masters of their locks.
      orphanDirectories[slot] = placeInode((slot + 1) % geometry.groupCount());
    }
  }

  private long placeInode(long group) {
    long block = geometry.firstDataBlock(group);
    while (used.containsKey(block)) {
      block++;
    }
    used.put(block, BitmapBlock.INODE);
    return block;
  }

  private void writeJournals() throws IOException {
    for (int slot = 0; slot < geometry.slotCount(); slot++) {
      Journal.format(
          new JournalArea(device, plan.journalStart(slot), plan.journalBlocks()),
          plan.uuid(),
          slot);
    }
  }

  private void writeSlotArea() throws IOException {
    int capacity = SlotDescriptor.CAPACITY;
    ByteBuffer area = buffer(3 * capacity);
    for (int slot = 0; slot < capacity; slot++) {
      ByteBuffer descriptor = block(area, slot);
      initialise(descriptor, SlotDescriptor.MAGIC, geometry.slotBlock(slot), slot);
      SlotDescriptor.slot(descriptor, slot);
      if (slot < geometry.slotCount()) {
        SlotDescriptor.journalStart(descriptor, plan.journalStart(slot));
        SlotDescriptor.journalBlocks(descriptor, plan.journalBlocks());
        SlotDescriptor.orphanDirectory(descriptor, orphanDirectories[slot]);
      }
      BlockHeader.seal(descriptor);

      ByteBuffer heartbeat = block(area, capacity + slot);
      initialise(heartbeat, Heartbeat.MAGIC, geometry.heartbeatBlock(slot), slot);
      Heartbeat.slot(heartbeat, slot);
      BlockHeader.seal(heartbeat);

      ByteBuffer fence = block(area, 2 * capacity + slot);
      initialise(fence, FenceBlock.MAGIC, geometry.fenceBlock(slot), slot);
      FenceBlock.slot(fence, slot);
      BlockHeader.seal(fence);
    }
    queue.write(geometry.slotArea(), area);
  }

  private void writeGroups() throws IOException {
    for (long group = 0; group < geometry.groupCount(); group++) {
      queue.write(geometry.groupStart(group), group(group));
    }
  }

  private ByteBuffer group(long group) {
    long start = geometry.groupStart(group);
    int length = geometry.groupLength(group);
    int bitmaps = geometry.groupBitmapBlocks();
    ByteBuffer area = buffer(1 + bitmaps);
    ByteBuffer header = block(area, 0);
    initialise(header, GroupHeader.MAGIC, start, group);
    Map<Long, Integer> taken = used.subMap(start, start + length);
    int free = 0;
    for (int i = 0; i < bitmaps; i++) {
      ByteBuffer bitmap = block(area, 1 + i);
      initialise(bitmap, BitmapBlock.MAGIC, start + 1 + i, group);
      int first = i * BitmapBlock.BLOCKS;
      int end = Math.max(0, Math.min(BitmapBlock.BLOCKS, length - first));
      BitmapBlock.fill(bitmap, end, BitmapBlock.BLOCKS, BitmapBlock.METADATA);
      if (i == 0) {
        BitmapBlock.fill(bitmap, 0, 1 + bitmaps, BitmapBlock.METADATA);
      }
      for (Map.Entry<Long, Integer> block : taken.entrySet()) {
        int index = (int) (block.getKey() - start) - first;
        if (index >= 0 && index < BitmapBlock.BLOCKS) {
          BitmapBlock.state(bitmap, index, block.getValue());
        }
      }
      BlockHeader.seal(bitmap);
      int freeHere = BitmapBlock.count(bitmap, BitmapBlock.FREE);
      GroupHeader.freePerBitmap(header, i, freeHere);
      free += freeHere;
    }
    GroupHeader.index(header, group);
    GroupHeader.blockCount(header, length);
    GroupHeader.bitmapBlocks(header, bitmaps);
    GroupHeader.freeBlocks(header, free);
    GroupHeader.inodeCount(
        header, (int) taken.values().stream().filter(s -> s == BitmapBlock.INODE).count());
    GroupHeader.versionFloor(header, firstVersion());
    GroupHeader.longestFree(header, GroupHeader.LONGEST_FREE_UNKNOWN);
    BlockHeader.seal(header);
    return area;
  }

  private void writeDirectories() throws IOException {
    writeDirectory(root, root, 0755, 3);
    writeDirectory(lostFound, root, 0700, 2);
    for (long directory : orphanDirectories) {
      writeDirectory(directory, directory, 0700, 2);
    }
  }

  private void writeDirectory(long number, long parent, int permissions, int links)
      throws IOException {
    ByteBuffer inode = buffer(1);
    initialise(inode, InodeBlock.MAGIC, number, number);
    InodeBlock.generation(inode, random.nextLong(1, 1L << 32));
    InodeBlock.mode(inode, DIRECTORY_MODE | permissions);
    InodeBlock.linkCount(inode, links);
    InodeBlock.size(inode, BLOCK);
    InodeBlock.accessTime(inode, now.getEpochSecond());
    InodeBlock.modifyTime(inode, now.getEpochSecond());
    InodeBlock.changeTime(inode, now.getEpochSecond());
    InodeBlock.birthTime(inode, now.getEpochSecond());
    InodeBlock.accessNanos(inode, now.getNano());
    InodeBlock.modifyNanos(inode, now.getNano());
    InodeBlock.changeNanos(inode, now.getNano());
    InodeBlock.birthNanos(inode, now.getNano());
    InodeBlock.layout(inode, InodeBlock.LAYOUT_DIRECTORY);
    InodeBlock.parent(inode, parent);
    NodeHeader.initialise(inode, NodeHeader.ROOT_BASE, 0);
    if (number == root) {
      InodeBlock.uid(inode, plan.uid());
      InodeBlock.gid(inode, plan.gid());
      addFirstEntry(inode, "lost+found", lostFound);
    }
    BlockHeader.seal(inode);
    queue.write(number, inode);
  }

  /** A new directory's root node is an empty leaf: its first entry stands at the beginning. */
  private void addFirstEntry(ByteBuffer inode, String name, long target) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    NameHash hash = NameHash.of(hashKey);
    int base = NodeHeader.ROOT_BASE + NodeHeader.LENGTH;
    DirectoryEntry.cookie(inode, base, hash.cookie(bytes));
    DirectoryEntry.inode(inode, base, target);
    DirectoryEntry.type(inode, base, DirectoryEntry.DT_DIR);
    DirectoryEntry.name(inode, base, bytes);
    NodeHeader.count(inode, NodeHeader.ROOT_BASE, 1);
    NodeHeader.used(inode, NodeHeader.ROOT_BASE, DirectoryEntry.length(bytes.length));
    InodeBlock.entries(inode, 1);
  }

  private void writeBackups() throws IOException {
    long[] backups = geometry.backups();
    for (int i = 0; i < backups.length; i++) {
      queue.write(backups[i], superblock(backups[i], i + 1));
    }
  }

  private ByteBuffer superblock(long address, int backupIndex) {
    ByteBuffer block = buffer(1);
    initialise(block, Superblock.MAGIC, address, 0);
    Superblock.majorVersion(block, Superblock.MAJOR_VERSION);
    Superblock.blockSize(block, BLOCK);
    Superblock.totalBlocks(block, geometry.totalBlocks());
    Superblock.slotArea(block, geometry.slotArea());
    Superblock.slotCount(block, geometry.slotCount());
    Superblock.slotCapacity(block, SlotDescriptor.CAPACITY);
    Superblock.groupArea(block, geometry.groupArea());
    Superblock.groupBlocks(block, geometry.groupBlocks());
    Superblock.groupBitmapBlocks(block, geometry.groupBitmapBlocks());
    Superblock.groupCount(block, geometry.groupCount());
    Superblock.rootInode(block, root);
    Superblock.lostFoundInode(block, lostFound);
    Superblock.createTime(block, now.getEpochSecond());
    Superblock.backupIndex(block, backupIndex);
    Superblock.heartbeatThreshold(block, DEFAULT_HEARTBEAT_THRESHOLD);
    Superblock.label(block, plan.label());
    Superblock.clusterSecret(block, clusterSecret);
    Superblock.hashKey(block, hashKey);
    BlockHeader.seal(block);
    return block;
  }

  private void initialise(ByteBuffer block, int magic, long address, long owner) {
    BlockHeader.initialise(block, magic, address, plan.uuid(), owner);
    BlockHeader.version(block, firstVersion() + 1);
  }

  /**
   * Versions start at a number that only grows with time, so that blocks of an older volume with
   * the same UUID can never look newer than what is logged on this one.
   */
  private long firstVersion() {
    return now.getEpochSecond() << 20;
  }

  private static ByteBuffer buffer(int blocks) {
    return ByteBuffer.allocate(blocks * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer block(ByteBuffer area, int index) {
    return area.slice(index * BLOCK, BLOCK).order(ByteOrder.LITTLE_ENDIAN);
  }
}
