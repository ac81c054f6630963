package org.jclusterfs.fsck;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.device.ProcessIdentity;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.FenceBlock;
import org.jclusterfs.core.format.GroupHeader;
import org.jclusterfs.core.format.Heartbeat;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;

/** What the format promises of the blocks that hold the volume together, each broken in turn. */
final class VolumePlants {

  /** One way to break a promise, and what is to be found then. */
  record Variant(Problem problem, Plants.Plant plant) {}

  static final Map<String, Variant> ALL = new LinkedHashMap<>();

  static {
    headers();
    superblockFields();
    superblockCopies();
    slots();
    beats();
    journalPlaces();
    JournalPlants.addTo(ALL);
    groups();
  }

  private VolumePlants() {}

  /** One of the variants for each problem that there is one for. */
  static Map<Problem, Plants.Plant> ofEachProblem() {
    Map<Problem, Plants.Plant> plants = new EnumMap<>(Problem.class);
    ALL.values().forEach(variant -> plants.putIfAbsent(variant.problem(), variant.plant()));
    return plants;
  }

  private static void add(String name, Problem problem, Plants.Plant plant) {
    ALL.put(name, new Variant(problem, plant));
  }

  private interface Place {
    long of(TestVolume v);
  }

  private static void headers() {
    Map<String, Place> blocks = new LinkedHashMap<>();
    blocks.put("primary superblock", v -> Superblock.PRIMARY_ADDRESS);
    blocks.put("backup superblock", v -> v.check.geometry.totalBlocks() - 1);
    blocks.put("slot descriptor", v -> v.check.geometry.slotBlock(1));
    blocks.put("unused slot descriptor", v -> v.check.geometry.slotBlock(254));
    blocks.put("heartbeat", v -> v.check.geometry.heartbeatBlock(1));
    blocks.put("fence block", v -> v.check.geometry.fenceBlock(0));
    blocks.put("resource group", v -> v.check.geometry.groupStart(1));
    blocks.put("bitmap", v -> v.check.geometry.bitmapBlock(1, 0));
    add(
        "version from before mkfs",
        Problem.HEADER_FIELD_WRONG,
        v -> v.change(v.check.geometry.bitmapBlock(0, 0), b -> BlockHeader.version(b, 77)));
    blocks.forEach(
        (name, place) -> {
          Problem problem = Problem.HEADER_FIELD_WRONG;
          add(
              "owner of a " + name,
              problem,
              v -> v.change(place.of(v), b -> BlockHeader.owner(b, 77)));
          add(
              "flags of a " + name,
              problem,
              v -> v.change(place.of(v), b -> b.putInt(BlockHeader.HEADER_FLAGS_OFFSET, 1)));
          add(
              "version of a " + name,
              problem,
              v -> v.change(place.of(v), b -> BlockHeader.version(b, Long.MIN_VALUE)));
        });
  }

  /** Changes all copies alike. */
  private static void superblock(TestVolume v, Consumer<ByteBuffer> change) throws IOException {
    v.change(Superblock.PRIMARY_ADDRESS, change);
    v.change(v.check.geometry.totalBlocks() - 1, change);
  }

  private static void superblockField(String name, Consumer<ByteBuffer> change) {
    add(name, Problem.SUPERBLOCK_FIELD_WRONG, v -> superblock(v, change));
  }

  private static void superblockFields() {
    superblockField("label behind a NUL", b -> b.put(Superblock.LABEL_OFFSET + 20, (byte) 'x'));
    superblockField("label not UTF-8", b -> b.put(Superblock.LABEL_OFFSET + 1, (byte) 0xff));
    superblockField("low threshold", b -> Superblock.heartbeatThreshold(b, 2999));
    superblockField("high threshold", b -> Superblock.heartbeatThreshold(b, 600_001));
    superblockField("slotCapacity", b -> Superblock.slotCapacity(b, 254));
    superblockField("quotaInode", b -> b.putLong(Superblock.QUOTA_INODE_OFFSET, 1));
    superblockField("snapshotInode", b -> b.putLong(Superblock.SNAPSHOT_INODE_OFFSET, 1));
    superblockField("refcountInode", b -> b.putLong(Superblock.REFCOUNT_INODE_OFFSET, -1));
    superblockField("slotCount below the journals", b -> Superblock.slotCount(b, 1));
  }

  /** Changes of one copy that the rest of the volume proves wrong. */
  static Map<String, Consumer<ByteBuffer>> contradictions() {
    Map<String, Consumer<ByteBuffer>> all = new LinkedHashMap<>();
    all.put("volumeUuid", b -> BlockHeader.volumeUuid(b, new UUID(1, 2)));
    all.put("totalBlocks", b -> Superblock.totalBlocks(b, Superblock.totalBlocks(b) - 1));
    all.put("slotArea", b -> Superblock.slotArea(b, 33));
    all.put("low slotCount", b -> Superblock.slotCount(b, 1));
    all.put("high slotCount", b -> Superblock.slotCount(b, 3));
    all.put("groupArea", b -> Superblock.groupArea(b, Superblock.groupArea(b) + 1));
    all.put("groupBlocks", b -> Superblock.groupBlocks(b, Superblock.groupBlocks(b) - 1));
    all.put("groupBitmapBlocks", b -> Superblock.groupBitmapBlocks(b, 2));
    all.put("groupCount", b -> Superblock.groupCount(b, 1));
    all.put("rootInode", b -> Superblock.rootInode(b, Superblock.lostFoundInode(b)));
    all.put("lostFoundInode", b -> Superblock.lostFoundInode(b, Superblock.rootInode(b)));
    all.put("hashKey", b -> b.putLong(Superblock.HASH_KEY_OFFSET, 5));
    return all;
  }

  private static void superblockCopies() {
    contradictions()
        .forEach(
            (name, change) -> {
              add(
                  name + " of the primary",
                  Problem.PRIMARY_SUPERBLOCK_DAMAGED,
                  v -> v.change(Superblock.PRIMARY_ADDRESS, change));
              add(
                  name + " of the backup",
                  Problem.BACKUP_SUPERBLOCK_WRONG,
                  v -> v.change(v.check.geometry.totalBlocks() - 1, change));
            });
    add(
        "backupIndex of the primary",
        Problem.PRIMARY_SUPERBLOCK_DAMAGED,
        v -> v.change(Superblock.PRIMARY_ADDRESS, b -> Superblock.backupIndex(b, 1)));
    add(
        "backupIndex of the backup",
        Problem.BACKUP_SUPERBLOCK_WRONG,
        v -> v.change(v.check.geometry.totalBlocks() - 1, b -> Superblock.backupIndex(b, 2)));
    add(
        "backup left from before a change of the label",
        Problem.BACKUP_SUPERBLOCK_WRONG,
        v -> v.change(Superblock.PRIMARY_ADDRESS, b -> Superblock.label(b, "newer")));
    add(
        "backup with features that nobody knows",
        Problem.BACKUP_SUPERBLOCK_WRONG,
        v -> v.change(v.check.geometry.totalBlocks() - 1, b -> Superblock.incompatFeatures(b, 1)));
  }

  private static void slot(String name, int slot, Consumer<ByteBuffer> change) {
    add(
        name + " of slot " + slot,
        Problem.SLOT_FIELD_WRONG,
        v -> v.change(v.check.geometry.slotBlock(slot), change));
  }

  /** A claim by a process of this host that is gone. */
  static void claim(ByteBuffer block) {
    ProcessIdentity here;
    try {
      here = ProcessIdentities.current();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SlotDescriptor.state(block, SlotDescriptor.MOUNTED);
    SlotDescriptor.incarnation(block, 99);
    SlotDescriptor.bootId(block, here.bootId());
    SlotDescriptor.pidNamespace(block, here.pidNamespace());
    SlotDescriptor.pid(block, 1L << 30);
    SlotDescriptor.hostName(block, "gone");
  }

  private static void slots() {
    slot("number", 1, b -> SlotDescriptor.slot(b, 0));
    slot(
        "unknown state",
        1,
        b -> {
          claim(b);
          SlotDescriptor.state(b, 3);
        });
    slot(
        "negative state",
        1,
        b -> {
          claim(b);
          SlotDescriptor.state(b, -1);
        });
    slot(
        "claim without incarnation",
        1,
        b -> {
          claim(b);
          SlotDescriptor.incarnation(b, 0);
        });
    slot(
        "release of a claim",
        1,
        b -> {
          claim(b);
          SlotDescriptor.releasedAt(b, 5);
        });
    slot("releasedAt", 0, b -> SlotDescriptor.releasedAt(b, -5));
    slot("claimedAt", 0, b -> SlotDescriptor.claimedAt(b, -5));
    slot("port", 0, b -> SlotDescriptor.port(b, 65_536));
    slot("addressCount", 0, b -> SlotDescriptor.addressCount(b, 6));
    slot("address that is missing", 0, b -> SlotDescriptor.addressCount(b, 1));
    slot(
        "address that is none",
        0,
        b -> {
          SlotDescriptor.addressCount(b, 1);
          SlotDescriptor.address(b, 0, "10.0.0.\u00fc");
        });
    slot("host name", 0, b -> b.put(SlotDescriptor.HOST_NAME_OFFSET, (byte) 0xc0));
    slot(
        "claim",
        2,
        b -> {
          claim(b);
          SlotDescriptor.state(b, SlotDescriptor.TOOL);
        });
    slot("journal", 2, b -> SlotDescriptor.journalStart(b, 900));
    slot("orphan directory", 200, b -> SlotDescriptor.orphanDirectory(b, 900));
    add(
        "two slots with one orphan directory",
        Problem.ORPHAN_DIRECTORY_SHARED,
        v -> {
          ByteBuffer first = v.check.store.read(v.check.geometry.slotBlock(0));
          v.change(
              v.check.geometry.slotBlock(1),
              b -> SlotDescriptor.orphanDirectory(b, SlotDescriptor.orphanDirectory(first)));
        });
    add(
        "root as an orphan directory",
        Problem.ORPHAN_DIRECTORY_SHARED,
        v ->
            v.change(
                v.check.geometry.slotBlock(1),
                b -> SlotDescriptor.orphanDirectory(b, v.check.rootInode())));
    add(
        "lost+found as an orphan directory",
        Problem.ORPHAN_DIRECTORY_SHARED,
        v ->
            v.change(
                v.check.geometry.slotBlock(0),
                b -> SlotDescriptor.orphanDirectory(b, v.check.lostFoundInode())));
  }

  private static void beat(String name, Consumer<ByteBuffer> change) {
    add(
        "heartbeat with " + name,
        Problem.HEARTBEAT_DAMAGED,
        v -> v.change(v.check.geometry.heartbeatBlock(1), change));
  }

  private static void fence(String name, Consumer<ByteBuffer> change) {
    add(
        "fence block with " + name,
        Problem.FENCE_BLOCK_DAMAGED,
        v -> v.change(v.check.geometry.fenceBlock(1), change));
  }

  private static void beats() {
    beat("another slot", b -> Heartbeat.slot(b, 0));
    beat("unknown state", b -> Heartbeat.state(b, 5));
    beat("negative threshold", b -> Heartbeat.threshold(b, -1));
    beat("negative view", b -> Heartbeat.view(b, -1));
    beat("negative sequence", b -> Heartbeat.sequence(b, -1));
    beat("negative clock", b -> Heartbeat.wallClock(b, -1));
    beat("a connection to nobody", b -> Heartbeat.connected(b, 2, true));
    fence("another slot", b -> FenceBlock.slot(b, 0));
    fence("unknown fencer", b -> FenceBlock.fencer(b, 255));
    fence("negative time", b -> FenceBlock.fencedAt(b, -1));
  }

  private interface Extent {
    void of(TestVolume v, ByteBuffer descriptor);
  }

  private static void journalPlace(String name, Extent extent) {
    add(
        "journal " + name,
        Problem.JOURNAL_PLACE_WRONG,
        v -> v.change(v.check.geometry.slotBlock(1), b -> extent.of(v, b)));
  }

  private static void journalPlaces() {
    journalPlace(
        "in the resource groups",
        (v, b) -> SlotDescriptor.journalStart(b, v.check.geometry.groupArea() + 5));
    journalPlace(
        "that runs into the resource groups",
        (v, b) -> SlotDescriptor.journalStart(b, SlotDescriptor.journalStart(b) + 1));
    journalPlace("in the slot area", (v, b) -> SlotDescriptor.journalStart(b, 700));
    journalPlace("over the superblock", (v, b) -> SlotDescriptor.journalStart(b, 10));
    journalPlace("nowhere", (v, b) -> SlotDescriptor.journalStart(b, 0));
    journalPlace("behind the volume", (v, b) -> SlotDescriptor.journalStart(b, 1L << 40));
    journalPlace("of no length", (v, b) -> SlotDescriptor.journalBlocks(b, 0));
    journalPlace("of a negative length", (v, b) -> SlotDescriptor.journalBlocks(b, -9));
    journalPlace("that overflows", (v, b) -> SlotDescriptor.journalBlocks(b, Long.MAX_VALUE));
    journalPlace(
        "shorter than it says itself",
        (v, b) -> SlotDescriptor.journalBlocks(b, SlotDescriptor.journalBlocks(b) - 1));
    journalPlace("that is another slot's", (v, b) -> SlotDescriptor.journalStart(b, 800));
    journalPlace(
        "that overlaps another slot's",
        (v, b) -> SlotDescriptor.journalStart(b, SlotDescriptor.journalStart(b) - 1));
  }

  private static void group(String name, Consumer<ByteBuffer> change) {
    add(
        name + " of a group",
        Problem.GROUP_FIELD_WRONG,
        v -> v.change(v.check.geometry.groupStart(1), change));
  }

  private static void groups() {
    group("index", b -> GroupHeader.index(b, 0));
    group("blockCount", b -> GroupHeader.blockCount(b, GroupHeader.blockCount(b) - 1));
    group("bitmapBlocks", b -> GroupHeader.bitmapBlocks(b, 2));
    group("versionFloor", b -> GroupHeader.versionFloor(b, -2));
    group("versionFloor from before mkfs", b -> GroupHeader.versionFloor(b, 1L << 20));
    group("versionFloor that runs over", b -> GroupHeader.versionFloor(b, Long.MAX_VALUE));
    group("longestFree that is too small", b -> GroupHeader.longestFree(b, 3));
    group(
        "longestFree beyond its length",
        b -> GroupHeader.longestFree(b, GroupHeader.blockCount(b) + 1));
    Map<String, Consumer<ByteBuffer>> counts = new LinkedHashMap<>();
    counts.put("freeBlocks", b -> GroupHeader.freeBlocks(b, GroupHeader.freeBlocks(b) - 1));
    counts.put("inodeCount", b -> GroupHeader.inodeCount(b, GroupHeader.inodeCount(b) + 1));
    counts.put("freePerBitmap", b -> GroupHeader.freePerBitmap(b, 0, 0));
    counts.put("freePerBitmap that is not used", b -> GroupHeader.freePerBitmap(b, 62, 1));
    counts.forEach(
        (name, change) ->
            add(
                name + " of a group",
                Problem.GROUP_COUNTS_WRONG,
                v -> v.change(v.check.geometry.groupStart(1), change)));
    add(
        "free blocks beyond a group's end",
        Problem.BITMAP_PADDING_WRONG,
        v ->
            v.change(
                v.check.geometry.bitmapBlock(1, 0),
                b -> BitmapBlock.state(b, BitmapBlock.BLOCKS - 1, BitmapBlock.FREE)));
    add(
        "data right behind a group's end",
        Problem.BITMAP_PADDING_WRONG,
        v ->
            v.change(
                v.check.geometry.bitmapBlock(0, 0),
                b -> BitmapBlock.state(b, v.check.geometry.groupLength(0), BitmapBlock.DATA)));
    int[] states = {BitmapBlock.FREE, BitmapBlock.DATA, BitmapBlock.INODE};
    for (int state : states) {
      add(
          "superblock's backup or header marked " + state,
          state == BitmapBlock.FREE ? Problem.BLOCK_WRONGLY_FREE : Problem.BLOCK_STATE_WRONG,
          v -> v.change(v.check.geometry.bitmapBlock(0, 0), b -> BitmapBlock.state(b, 1, state)));
    }
  }
}
