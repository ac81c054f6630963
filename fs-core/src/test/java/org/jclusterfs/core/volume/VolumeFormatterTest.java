package org.jclusterfs.core.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
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
import org.junit.jupiter.api.Test;

class VolumeFormatterTest {
  private static final long MIB = 256;
  private static final FormatOptions OPTIONS =
      FormatOptions.defaults().withLabel("tank").withSlots(3);

  private final MemoryDevice device = new MemoryDevice(64 * MIB);

  private ByteBuffer checked(long address, int magic, UUID volume) throws IOException {
    ByteBuffer block = BlockIo.read(device, address, 1);
    assertNull(BlockHeader.check(block, magic, address, volume), "block " + address);
    return block;
  }

  @Test
  void everyStructureIsThereAndGood() throws IOException {
    FormatPlan plan = VolumeFormatter.format(device, OPTIONS);
    Geometry geometry = plan.geometry();
    ByteBuffer superblock = Superblocks.readPrimary(device);
    assertEquals(geometry, Geometry.of(superblock));
    assertEquals("tank", Superblock.label(superblock));
    assertEquals(plan.uuid(), BlockHeader.volumeUuid(superblock));
    for (int slot = 0; slot < SlotDescriptor.CAPACITY; slot++) {
      ByteBuffer descriptor = checked(geometry.slotBlock(slot), SlotDescriptor.MAGIC, plan.uuid());
      assertEquals(slot, SlotDescriptor.slot(descriptor));
      assertEquals(slot < 3, SlotDescriptor.journalStart(descriptor) != 0);
      assertEquals(slot < 3, SlotDescriptor.orphanDirectory(descriptor) != 0);
      checked(geometry.heartbeatBlock(slot), Heartbeat.MAGIC, plan.uuid());
      checked(geometry.fenceBlock(slot), FenceBlock.MAGIC, plan.uuid());
    }
    long inodes = 0;
    for (long group = 0; group < geometry.groupCount(); group++) {
      ByteBuffer header = checked(geometry.groupStart(group), GroupHeader.MAGIC, plan.uuid());
      int free = 0;
      for (int i = 0; i < geometry.groupBitmapBlocks(); i++) {
        ByteBuffer bitmap = checked(geometry.bitmapBlock(group, i), BitmapBlock.MAGIC, plan.uuid());
        free += BitmapBlock.count(bitmap, BitmapBlock.FREE);
      }
      assertEquals(free, GroupHeader.freeBlocks(header));
      inodes += GroupHeader.inodeCount(header);
    }
    assertEquals(2 + 3, inodes);
  }

  @Test
  void rootLeadsToLostAndFoundOnly() throws IOException {
    UUID volume = VolumeFormatter.format(device, OPTIONS).uuid();
    ByteBuffer superblock = Superblocks.readPrimary(device);
    long rootNumber = Superblock.rootInode(superblock);
    ByteBuffer root = checked(rootNumber, InodeBlock.MAGIC, volume);
    assertEquals(0040755, InodeBlock.mode(root));
    assertEquals(3, InodeBlock.linkCount(root));
    assertEquals(rootNumber, InodeBlock.parent(root));
    assertEquals(1, InodeBlock.entries(root));
    assertEquals(1, NodeHeader.count(root, NodeHeader.ROOT_BASE));
    int entry = NodeHeader.ROOT_BASE + NodeHeader.LENGTH;
    byte[] name = "lost+found".getBytes();
    assertTrue(DirectoryEntry.nameEquals(root, entry, name));
    assertEquals(NameHash.of(superblock).cookie(name), DirectoryEntry.cookie(root, entry));
    long lostFound = DirectoryEntry.inode(root, entry);
    assertEquals(Superblock.lostFoundInode(superblock), lostFound);
    assertEquals(0040700, InodeBlock.mode(checked(lostFound, InodeBlock.MAGIC, volume)));
  }

  @Test
  void journalsAreClean() throws IOException {
    FormatPlan plan = VolumeFormatter.format(device, OPTIONS);
    for (int slot = 0; slot < 3; slot++) {
      ByteBuffer descriptor =
          checked(plan.geometry().slotBlock(slot), SlotDescriptor.MAGIC, plan.uuid());
      assertTrue(
          Journal.recover(
                  JournalArea.of(device, descriptor),
                  plan.uuid(),
                  slot,
                  new MetadataInspector(plan.uuid()))
              .clean());
    }
  }

  @Test
  void formatCutOffAnywhereLeavesNoVolume() throws IOException {
    MemoryDevice probe = new MemoryDevice(16 * MIB);
    VolumeFormatter.format(probe, FormatOptions.defaults());
    for (int cut = 1; cut < probe.writes; cut++) {
      MemoryDevice victim = new MemoryDevice(16 * MIB);
      VolumeFormatter.format(victim, FormatOptions.defaults().withLabel("old"));
      victim.failAfterWrites = victim.writes + cut;
      assertThrows(
          IOException.class, () -> VolumeFormatter.format(victim, FormatOptions.defaults()));
      assertThrows(UnusableVolumeException.class, () -> Superblocks.readPrimary(victim));
    }
  }

  @Test
  void twoVolumesDifferInUuidSecretAndHashKey() throws IOException {
    VolumeFormatter.format(device, OPTIONS);
    ByteBuffer first = Superblocks.readPrimary(device);
    VolumeFormatter.format(device, OPTIONS);
    ByteBuffer second = Superblocks.readPrimary(device);
    assertNotEquals(BlockHeader.volumeUuid(first), BlockHeader.volumeUuid(second));
    assertNotEquals(NameHash.of(first), NameHash.of(second));
    assertNotEquals(
        List.of(Superblock.clusterSecret(first)), List.of(Superblock.clusterSecret(second)));
  }

  @Test
  void largeVolumeIsWrittenSparsely() throws IOException {
    MemoryDevice large = new MemoryDevice(1024 * 1024 * MIB);
    VolumeFormatter.format(large, FormatOptions.defaults());
    long mib = large.bytesWritten >> 20;
    System.out.println("1 TiB: " + mib + " MiB in " + large.writes + " writes");
    assertTrue(mib < 300, mib + " MiB written");
  }

  @Test
  void stepsAreTold() throws IOException {
    List<String> steps = new ArrayList<>();
    VolumeFormatter.format(
        device,
        FormatPlan.of(device.size() / 4096, OPTIONS),
        (step, done) -> steps.add(step + (done ? " done" : "")));
    assertEquals("Writing superblock done", steps.get(steps.size() - 1));
    assertTrue(steps.contains("Writing resource groups done"));
  }

  @Test
  void superblockOfAnUnknownVersionIsRefused() throws IOException {
    VolumeFormatter.format(device, OPTIONS);
    ByteBuffer superblock = Superblocks.readPrimary(device);
    Superblock.incompatFeatures(superblock, 4);
    BlockHeader.seal(superblock);
    BlockIo.write(device, Superblock.PRIMARY_ADDRESS, superblock);
    UnusableVolumeException refused =
        assertThrows(UnusableVolumeException.class, () -> Superblocks.readPrimary(device));
    assertEquals(UnusableVolumeException.Reason.UNSUPPORTED, refused.reason());
    assertTrue(refused.getMessage().contains("0x4"));
  }
}
