package org.jclusterfs.core.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ViewsTest {
  private final ByteBuffer block = BlockHeader.allocate();

  @Test
  void fieldsDoNotDisturbTheirNeighbours() {
    InodeBlock.generation(block, -1);
    InodeBlock.mode(block, 0100644);
    InodeBlock.linkCount(block, -1);
    InodeBlock.size(block, Long.MAX_VALUE);
    assertEquals(-1, InodeBlock.generation(block));
    assertEquals(0100644, InodeBlock.mode(block));
    assertEquals(-1, InodeBlock.linkCount(block));
    assertEquals(0, InodeBlock.uid(block));
    assertEquals(Long.MAX_VALUE, InodeBlock.size(block));
  }

  @Test
  void textIsCutAtNulAndRefusedWhenTooLong() {
    Superblock.label(block, "größe");
    assertEquals("größe", Superblock.label(block));
    Superblock.label(block, "x");
    assertEquals("x", Superblock.label(block));
    assertThrows(IllegalArgumentException.class, () -> Superblock.label(block, "ä".repeat(33)));
    SlotDescriptor.address(block, 4, "2001:db8::1");
    assertEquals("2001:db8::1", SlotDescriptor.address(block, 4));
    assertThrows(IndexOutOfBoundsException.class, () -> SlotDescriptor.address(block, 8));
  }

  @Test
  void connectedSlotsAreSingleBits() {
    Heartbeat.connected(block, 0, true);
    Heartbeat.connected(block, 254, true);
    Heartbeat.connected(block, 0, false);
    for (int slot = 0; slot < 256; slot++) {
      assertEquals(slot == 254, Heartbeat.connected(block, slot));
    }
  }

  @Test
  void bitmapAgreesWithAnArrayOfStates() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int[] model = new int[BitmapBlock.BLOCKS];
    for (int round = 0; round < 200; round++) {
      int from = random.nextInt(model.length);
      int to = Math.min(model.length, from + random.nextInt(round % 2 == 0 ? 9 : 4000));
      int state = random.nextInt(4);
      BitmapBlock.fill(block, from, to, state);
      java.util.Arrays.fill(model, from, to, state);
    }
    int[] counts = new int[4];
    for (int i = 0; i < model.length; i++) {
      assertEquals(model[i], BitmapBlock.state(block, i), "block " + i);
      counts[model[i]]++;
    }
    for (int state = 0; state < 4; state++) {
      assertEquals(counts[state], BitmapBlock.count(block, state));
    }
  }

  @Test
  void directoryEntryIsPaddedWithZerosToEightBytes() {
    byte[] name = "abcdefg".getBytes(StandardCharsets.US_ASCII);
    block.put(64 + 18 + 7, new byte[] {1, 2, 3, 4, 5, 6, 7});
    DirectoryEntry.name(block, 64, name);
    assertArrayEquals(name, DirectoryEntry.name(block, 64));
    assertEquals(32, DirectoryEntry.length(block, 64));
    for (int i = 25; i < 32; i++) {
      assertEquals(0, block.get(64 + i));
    }
    assertTrue(DirectoryEntry.nameEquals(block, 64, name));
    assertFalse(DirectoryEntry.nameEquals(block, 64, "abcdefh".getBytes()));
    assertEquals(24, DirectoryEntry.length(6));
    assertEquals(280, DirectoryEntry.length(255));
  }

  @Test
  void entryTypeIsTheFileTypeOfTheMode() {
    assertEquals(DirectoryEntry.DT_DIR, DirectoryEntry.typeOf(0040755));
    assertEquals(DirectoryEntry.DT_REG, DirectoryEntry.typeOf(0100644));
    assertEquals(DirectoryEntry.DT_SOCK, DirectoryEntry.typeOf(0140600));
  }

  @Test
  void nodeCapacitiesFillTheBlock() {
    assertEquals(3824, NodeHeader.capacity(NodeHeader.ROOT_BASE));
    assertEquals(NodeHeader.ROOT_CAPACITY, NodeHeader.capacity(NodeHeader.ROOT_BASE));
    assertEquals(NodeHeader.BLOCK_CAPACITY, NodeHeader.capacity(NodeHeader.BLOCK_BASE));
    assertEquals(159, ExtentEntry.ROOT_CAPACITY);
    assertEquals(167, IndexEntry.BLOCK_CAPACITY);
  }

  @Test
  void blocksThatAreWrittenInPlaceWithoutJournalCannotBeTornInTheirFields() {
    // A power cut tears between sectors: the fields are those of the old block or of the new one.
    int sector = 512;
    assertTrue(SlotDescriptor.RELEASED_AT_OFFSET + Long.BYTES <= sector);
    assertTrue(
        SlotDescriptor.ADDRESSES_OFFSET + 48 * SlotDescriptor.MAX_ADDRESSES
            <= SlotDescriptor.HOST_NAME_OFFSET);
    assertTrue(SlotDescriptor.HOST_NAME_OFFSET + 64 <= SlotDescriptor.STATFS_DELTA_OFFSET);
    assertTrue(Heartbeat.CONNECTED_OFFSET + 32 <= sector);
    assertTrue(FenceBlock.FENCED_AT_OFFSET + Long.BYTES <= sector);
  }
}
