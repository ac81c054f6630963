package org.jclusterfs.core.format;

import java.nio.ByteBuffer;

/**
 * The superblock: what a node must know before it can read anything else of the volume.
 *
 * <p>Invariants: {@code blockSize} is {@link BlockHeader#BLOCK_SIZE}; {@code 1 <= slotCount <=
 * slotCapacity <= 255}; {@code slotArea + 3 * slotCapacity <= groupArea < totalBlocks}; {@code
 * groupBitmapBlocks = ceil(groupBlocks / BitmapBlock.BLOCKS)}.
 *
 * <pre>
 *       0               4               8
 *   64 | majorVersion | minorVersion | blockSize     |
 *   72 | compatFeatures                |
 *   80 | roCompatFeatures              |
 *   88 | incompatFeatures              |
 *   96 | totalBlocks                   |
 *  104 | slotArea                      |
 *  112 | slotCount     | slotCapacity  |
 *  120 | groupArea                     |
 *  128 | groupBlocks   | groupBitmapBlocks |
 *  136 | groupCount                    |
 *  144 | rootInode                     |
 *  152 | lostFoundInode                |
 *  160 | createTime                    |
 *  168 | backupIndex   | heartbeatThreshold |
 *  176 | label (64 bytes)              |
 *  240 | clusterSecret (32 bytes)      |
 *  272 | hashKey (16 bytes)            |
 *  288 | quotaInode                    |
 *  296 | snapshotInode                 |
 *  304 | refcountInode                 |
 * </pre>
 *
 * <p>Stateless accessors over a little-endian buffer; offsets are in the block. The table with the
 * meaning of each field stands in docs/on-disk-format.md.
 */
public final class Superblock {

  /** JCFS, as the first four bytes of the block read as an integer. */
  public static final int MAGIC = 'J' | 'C' << 8 | 'F' << 16 | 'S' << 24;

  /** Offset of majorVersion. */
  public static final int MAJOR_VERSION_OFFSET = 64;

  /** Offset of minorVersion. */
  public static final int MINOR_VERSION_OFFSET = 66;

  /** Offset of blockSize. */
  public static final int BLOCK_SIZE_OFFSET = 68;

  /** Offset of compatFeatures. */
  public static final int COMPAT_FEATURES_OFFSET = 72;

  /** Offset of roCompatFeatures. */
  public static final int RO_COMPAT_FEATURES_OFFSET = 80;

  /** Offset of incompatFeatures. */
  public static final int INCOMPAT_FEATURES_OFFSET = 88;

  /** Offset of totalBlocks. */
  public static final int TOTAL_BLOCKS_OFFSET = 96;

  /** Offset of slotArea. */
  public static final int SLOT_AREA_OFFSET = 104;

  /** Offset of slotCount. */
  public static final int SLOT_COUNT_OFFSET = 112;

  /** Offset of slotCapacity. */
  public static final int SLOT_CAPACITY_OFFSET = 116;

  /** Offset of groupArea. */
  public static final int GROUP_AREA_OFFSET = 120;

  /** Offset of groupBlocks. */
  public static final int GROUP_BLOCKS_OFFSET = 128;

  /** Offset of groupBitmapBlocks. */
  public static final int GROUP_BITMAP_BLOCKS_OFFSET = 132;

  /** Offset of groupCount. */
  public static final int GROUP_COUNT_OFFSET = 136;

  /** Offset of rootInode. */
  public static final int ROOT_INODE_OFFSET = 144;

  /** Offset of lostFoundInode. */
  public static final int LOST_FOUND_INODE_OFFSET = 152;

  /** Offset of createTime. */
  public static final int CREATE_TIME_OFFSET = 160;

  /** Offset of backupIndex. */
  public static final int BACKUP_INDEX_OFFSET = 168;

  /** Offset of heartbeatThreshold. */
  public static final int HEARTBEAT_THRESHOLD_OFFSET = 172;

  /** Offset of label. */
  public static final int LABEL_OFFSET = 176;

  /** Offset of clusterSecret. */
  public static final int CLUSTER_SECRET_OFFSET = 240;

  /** Offset of hashKey. */
  public static final int HASH_KEY_OFFSET = 272;

  /** Offset of quotaInode. */
  public static final int QUOTA_INODE_OFFSET = 288;

  /** Offset of snapshotInode. */
  public static final int SNAPSHOT_INODE_OFFSET = 296;

  /** Offset of refcountInode. */
  public static final int REFCOUNT_INODE_OFFSET = 304;

  /** Block number of the primary superblock. */
  public static final long PRIMARY_ADDRESS = 16;

  /** The format version that these classes describe. */
  public static final int MAJOR_VERSION = 1;

  /** Bytes that a label may have in UTF-8. */
  public static final int LABEL_LENGTH = 64;

  /** Incompatible features that this version understands: none. */
  public static final long KNOWN_INCOMPAT = 0;

  /** Read-only compatible features that this version understands: none. */
  public static final long KNOWN_RO_COMPAT = 0;

  private Superblock() {}

  /** Format version; only {@link #MAJOR_VERSION} is understood. */
  public static int majorVersion(ByteBuffer block) {
    return Short.toUnsignedInt(block.getShort(MAJOR_VERSION_OFFSET));
  }

  /** Sets majorVersion. */
  public static void majorVersion(ByteBuffer block, int value) {
    block.putShort(MAJOR_VERSION_OFFSET, (short) value);
  }

  /** Minor format version. */
  public static int minorVersion(ByteBuffer block) {
    return Short.toUnsignedInt(block.getShort(MINOR_VERSION_OFFSET));
  }

  /** Sets minorVersion. */
  public static void minorVersion(ByteBuffer block, int value) {
    block.putShort(MINOR_VERSION_OFFSET, (short) value);
  }

  /** Block size in bytes. */
  public static int blockSize(ByteBuffer block) {
    return block.getInt(BLOCK_SIZE_OFFSET);
  }

  /** Sets blockSize. */
  public static void blockSize(ByteBuffer block, int value) {
    block.putInt(BLOCK_SIZE_OFFSET, value);
  }

  /** Feature bits of which unknown ones are ignored. */
  public static long compatFeatures(ByteBuffer block) {
    return block.getLong(COMPAT_FEATURES_OFFSET);
  }

  /** Sets compatFeatures. */
  public static void compatFeatures(ByteBuffer block, long value) {
    block.putLong(COMPAT_FEATURES_OFFSET, value);
  }

  /** Feature bits of which unknown ones permit a read-only mount only. */
  public static long roCompatFeatures(ByteBuffer block) {
    return block.getLong(RO_COMPAT_FEATURES_OFFSET);
  }

  /** Sets roCompatFeatures. */
  public static void roCompatFeatures(ByteBuffer block, long value) {
    block.putLong(RO_COMPAT_FEATURES_OFFSET, value);
  }

  /** Feature bits of which unknown ones forbid the mount. */
  public static long incompatFeatures(ByteBuffer block) {
    return block.getLong(INCOMPAT_FEATURES_OFFSET);
  }

  /** Sets incompatFeatures. */
  public static void incompatFeatures(ByteBuffer block, long value) {
    block.putLong(INCOMPAT_FEATURES_OFFSET, value);
  }

  /** Size of the volume in blocks. */
  public static long totalBlocks(ByteBuffer block) {
    return block.getLong(TOTAL_BLOCKS_OFFSET);
  }

  /** Sets totalBlocks. */
  public static void totalBlocks(ByteBuffer block, long value) {
    block.putLong(TOTAL_BLOCKS_OFFSET, value);
  }

  /** First slot descriptor. */
  public static long slotArea(ByteBuffer block) {
    return block.getLong(SLOT_AREA_OFFSET);
  }

  /** Sets slotArea. */
  public static void slotArea(ByteBuffer block, long value) {
    block.putLong(SLOT_AREA_OFFSET, value);
  }

  /** Slots that have a journal: 1–255. */
  public static int slotCount(ByteBuffer block) {
    return block.getInt(SLOT_COUNT_OFFSET);
  }

  /** Sets slotCount. */
  public static void slotCount(ByteBuffer block, int value) {
    block.putInt(SLOT_COUNT_OFFSET, value);
  }

  /** Slots that the slot area has room for. */
  public static int slotCapacity(ByteBuffer block) {
    return block.getInt(SLOT_CAPACITY_OFFSET);
  }

  /** Sets slotCapacity. */
  public static void slotCapacity(ByteBuffer block, int value) {
    block.putInt(SLOT_CAPACITY_OFFSET, value);
  }

  /** First block of group 0. */
  public static long groupArea(ByteBuffer block) {
    return block.getLong(GROUP_AREA_OFFSET);
  }

  /** Sets groupArea. */
  public static void groupArea(ByteBuffer block, long value) {
    block.putLong(GROUP_AREA_OFFSET, value);
  }

  /** Blocks per resource group. */
  public static int groupBlocks(ByteBuffer block) {
    return block.getInt(GROUP_BLOCKS_OFFSET);
  }

  /** Sets groupBlocks. */
  public static void groupBlocks(ByteBuffer block, int value) {
    block.putInt(GROUP_BLOCKS_OFFSET, value);
  }

  /** Bitmap blocks per resource group. */
  public static int groupBitmapBlocks(ByteBuffer block) {
    return block.getInt(GROUP_BITMAP_BLOCKS_OFFSET);
  }

  /** Sets groupBitmapBlocks. */
  public static void groupBitmapBlocks(ByteBuffer block, int value) {
    block.putInt(GROUP_BITMAP_BLOCKS_OFFSET, value);
  }

  /** Number of resource groups. */
  public static long groupCount(ByteBuffer block) {
    return block.getLong(GROUP_COUNT_OFFSET);
  }

  /** Sets groupCount. */
  public static void groupCount(ByteBuffer block, long value) {
    block.putLong(GROUP_COUNT_OFFSET, value);
  }

  /** Inode number of the root directory. */
  public static long rootInode(ByteBuffer block) {
    return block.getLong(ROOT_INODE_OFFSET);
  }

  /** Sets rootInode. */
  public static void rootInode(ByteBuffer block, long value) {
    block.putLong(ROOT_INODE_OFFSET, value);
  }

  /** Inode number of /lost+found. */
  public static long lostFoundInode(ByteBuffer block) {
    return block.getLong(LOST_FOUND_INODE_OFFSET);
  }

  /** Sets lostFoundInode. */
  public static void lostFoundInode(ByteBuffer block, long value) {
    block.putLong(LOST_FOUND_INODE_OFFSET, value);
  }

  /** When the volume was made, in seconds. */
  public static long createTime(ByteBuffer block) {
    return block.getLong(CREATE_TIME_OFFSET);
  }

  /** Sets createTime. */
  public static void createTime(ByteBuffer block, long value) {
    block.putLong(CREATE_TIME_OFFSET, value);
  }

  /** 0 for the primary, else the number of the backup in order of address. */
  public static int backupIndex(ByteBuffer block) {
    return block.getInt(BACKUP_INDEX_OFFSET);
  }

  /** Sets backupIndex. */
  public static void backupIndex(ByteBuffer block, int value) {
    block.putInt(BACKUP_INDEX_OFFSET, value);
  }

  /** Milliseconds after which a silent node is declared dead. */
  public static int heartbeatThreshold(ByteBuffer block) {
    return block.getInt(HEARTBEAT_THRESHOLD_OFFSET);
  }

  /** Sets heartbeatThreshold. */
  public static void heartbeatThreshold(ByteBuffer block, int value) {
    block.putInt(HEARTBEAT_THRESHOLD_OFFSET, value);
  }

  /** The volume label, empty where there is none. */
  public static String label(ByteBuffer block) {
    return Fields.text(block, LABEL_OFFSET, 64);
  }

  /** Sets label. */
  public static void label(ByteBuffer block, String value) {
    Fields.text(block, LABEL_OFFSET, 64, value);
  }

  /** Random bytes that prove to a peer that a node can read the volume. */
  public static byte[] clusterSecret(ByteBuffer block) {
    return Fields.bytes(block, CLUSTER_SECRET_OFFSET, 32);
  }

  /** Sets clusterSecret. */
  public static void clusterSecret(ByteBuffer block, byte[] value) {
    Fields.bytes(block, CLUSTER_SECRET_OFFSET, 32, value);
  }

  /** SipHash key of the directories; see {@link NameHash#of}. */
  public static byte[] hashKey(ByteBuffer block) {
    return Fields.bytes(block, HASH_KEY_OFFSET, 16);
  }

  /** Sets hashKey. */
  public static void hashKey(ByteBuffer block, byte[] value) {
    Fields.bytes(block, HASH_KEY_OFFSET, 16, value);
  }

  /** Reserved for quota: 0. */
  public static long quotaInode(ByteBuffer block) {
    return block.getLong(QUOTA_INODE_OFFSET);
  }

  /** Sets quotaInode. */
  public static void quotaInode(ByteBuffer block, long value) {
    block.putLong(QUOTA_INODE_OFFSET, value);
  }

  /** Reserved for snapshots: 0. */
  public static long snapshotInode(ByteBuffer block) {
    return block.getLong(SNAPSHOT_INODE_OFFSET);
  }

  /** Sets snapshotInode. */
  public static void snapshotInode(ByteBuffer block, long value) {
    block.putLong(SNAPSHOT_INODE_OFFSET, value);
  }

  /** Reserved for reflink: 0. */
  public static long refcountInode(ByteBuffer block) {
    return block.getLong(REFCOUNT_INODE_OFFSET);
  }

  /** Sets refcountInode. */
  public static void refcountInode(ByteBuffer block, long value) {
    block.putLong(REFCOUNT_INODE_OFFSET, value);
  }
}
