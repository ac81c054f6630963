package org.jclusterfs.core.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class NameHashTest {
  // The key and messages of the SipHash paper, appendix A, and of the reference vectors.
  private static final NameHash PAPER = new NameHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);

  private static byte[] message(int length) {
    byte[] message = new byte[length];
    for (int i = 0; i < length; i++) {
      message[i] = (byte) i;
    }
    return message;
  }

  @Test
  void referenceVectorsAreMet() {
    assertEquals(0x726fdb47dd0e0e31L, PAPER.sipHash(message(0)));
    assertEquals(0x74f839c593dc67fdL, PAPER.sipHash(message(1)));
    assertEquals(0x93f5f5799a932462L, PAPER.sipHash(message(8)));
    assertEquals(0xa129ca6149be45e5L, PAPER.sipHash(message(15)));
  }

  @Test
  void keyIsReadFromTheSuperblockLittleEndian() {
    ByteBuffer superblock = BlockHeader.allocate();
    Superblock.hashKey(superblock, message(16));
    assertEquals(PAPER, NameHash.of(superblock));
  }

  @Test
  void hashIsTheUpperFortyEightBits() {
    assertEquals(0xa129ca6149beL, PAPER.hash(message(15)));
    assertEquals(0xa129ca6149beL << 15, PAPER.cookie(message(15)));
  }

  @Test
  void cookieIsPositiveAndNeverBelowSixteen() {
    assertEquals(16, NameHash.cookie(0, 0));
    assertEquals(16, NameHash.cookie(0, 16));
    assertEquals(17, NameHash.cookie(0, 17));
    assertEquals(Long.MAX_VALUE, NameHash.cookie((1L << 48) - 1, NameHash.MAX_COLLISION));
  }

  @Test
  void cookieMatchesOnlyNamesOfItsHash() {
    assertTrue(NameHash.matches(NameHash.cookie(5, 3), 5));
    assertFalse(NameHash.matches(NameHash.cookie(5, 3), 4));
    assertTrue(NameHash.matches(16, 0));
    assertFalse(NameHash.matches(15, 0));
  }
}
