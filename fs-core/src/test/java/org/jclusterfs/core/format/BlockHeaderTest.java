package org.jclusterfs.core.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class BlockHeaderTest {
  private static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

  private static ByteBuffer sealed() {
    ByteBuffer block = BlockHeader.allocate();
    BlockHeader.initialise(block, InodeBlock.MAGIC, 4711, VOLUME, 4711);
    BlockHeader.seal(block);
    return block;
  }

  private static BlockDamage check(ByteBuffer block) {
    return BlockHeader.check(block, InodeBlock.MAGIC, 4711, VOLUME);
  }

  @Test
  void sealedBlockIsGood() {
    assertNull(check(sealed()));
  }

  @Test
  void anyAlteredByteIsFound() {
    for (int i = 0; i < BlockHeader.BLOCK_SIZE; i++) {
      ByteBuffer block = sealed();
      block.put(i, (byte) (block.get(i) ^ 0x40));
      BlockDamage expected = i < 4 ? BlockDamage.MAGIC : BlockDamage.CHECKSUM;
      assertEquals(expected, check(block), "byte " + i);
    }
  }

  @Test
  void blockOfAnotherPlaceOrVolumeIsFound() {
    ByteBuffer block = sealed();
    assertEquals(BlockDamage.ADDRESS, BlockHeader.check(block, InodeBlock.MAGIC, 4712, VOLUME));
    assertEquals(
        BlockDamage.VOLUME, BlockHeader.check(block, InodeBlock.MAGIC, 4711, new UUID(1, 2)));
  }

  @Test
  void uuidIsStoredMostSignificantByteFirst() {
    ByteBuffer block = sealed();
    for (int i = 0; i < 16; i++) {
      assertEquals((byte) (i * 0x11), block.get(BlockHeader.VOLUME_UUID_OFFSET + i));
    }
  }

  @Test
  void checksumIsThatOfTheBlockWithTheFieldZeroed() {
    ByteBuffer block = sealed();
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    byte[] bytes = block.array().clone();
    java.util.Arrays.fill(bytes, 4, 8, (byte) 0);
    crc.update(bytes);
    assertEquals((int) crc.getValue(), BlockHeader.checksum(block));
  }

  @Test
  void bigEndianBufferIsRefused() {
    ByteBuffer block = ByteBuffer.allocate(BlockHeader.BLOCK_SIZE);
    assertThrows(IllegalArgumentException.class, () -> BlockHeader.seal(block));
  }

  @Test
  void writerHoldsSlotAndLowerBitsOfTheSequence() {
    assertEquals(0x00fe_0000_0000_0007L, BlockHeader.writer(254, 0x0001_0000_0000_0007L));
  }
}
