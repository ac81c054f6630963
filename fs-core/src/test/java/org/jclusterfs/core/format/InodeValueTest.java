package org.jclusterfs.core.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class InodeValueTest {
  private static final int[] TYPES = {
    0010000, 0020000, 0040000, 0060000, 0100000, 0120000, 0140000
  };

  /** An inode of any kind with any attributes that a value has room for. */
  private static ByteBuffer inode(Random random) {
    ByteBuffer block = BlockHeader.allocate();
    int type = TYPES[random.nextInt(TYPES.length)];
    boolean device = type == 0020000 || type == 0060000;
    BlockHeader.version(block, random.nextLong());
    InodeBlock.generation(block, 1 + (bits(random, 56) >>> 1));
    InodeBlock.mode(block, type | random.nextInt(010000));
    InodeBlock.linkCount(block, (int) bits(random, 16));
    InodeBlock.uid(block, random.nextInt());
    InodeBlock.gid(block, random.nextInt());
    InodeBlock.blocks(block, bits(random, 32));
    if (device) {
      InodeBlock.rdevMajor(block, (int) bits(random, 16));
      InodeBlock.rdevMinor(block, random.nextInt());
    } else {
      InodeBlock.size(block, bits(random, 48));
    }
    InodeBlock.accessTime(block, bits(random, 34) - (1L << 33));
    InodeBlock.modifyTime(block, bits(random, 34) - (1L << 33));
    InodeBlock.changeTime(block, bits(random, 34) - (1L << 33));
    InodeBlock.birthTime(block, bits(random, 34) - (1L << 33));
    InodeBlock.accessNanos(block, random.nextInt(1_000_000_000));
    InodeBlock.modifyNanos(block, random.nextInt(1_000_000_000));
    InodeBlock.changeNanos(block, random.nextInt(1_000_000_000));
    InodeBlock.birthNanos(block, random.nextInt(1_000_000_000));
    InodeBlock.xattrBlock(block, random.nextBoolean() ? 0 : 1 + bits(random, 40));
    return block;
  }

  /** A number of up to so many bits, small and large ones alike. */
  private static long bits(Random random, int most) {
    int bits = random.nextInt(most + 1);
    return bits == 0 ? 0 : random.nextLong() >>> Long.SIZE - bits;
  }

  @Property
  void whatIsPackedComesBackAsItWas(@ForAll long seed) {
    ByteBuffer block = inode(new Random(seed));
    byte[] value = InodeValue.pack(block);
    assertNotNull(value);
    assertEquals(InodeValue.LENGTH, value.length);
    assertTrue(InodeValue.isValid(value));
    assertTrue(InodeValue.tells(value, block));
    assertEquals(InodeBlock.xattrBlock(block) != 0, InodeValue.hasXattrs(value));
    ByteBuffer told = InodeValue.unpack(value);
    assertEquals(InodeBlock.generation(block), InodeBlock.generation(told));
    assertEquals(InodeBlock.mode(block), InodeBlock.mode(told));
    assertEquals(InodeBlock.linkCount(block), InodeBlock.linkCount(told));
    assertEquals(InodeBlock.uid(block), InodeBlock.uid(told));
    assertEquals(InodeBlock.gid(block), InodeBlock.gid(told));
    assertEquals(InodeBlock.size(block), InodeBlock.size(told));
    assertEquals(InodeBlock.blocks(block), InodeBlock.blocks(told));
    assertEquals(InodeBlock.rdevMajor(block), InodeBlock.rdevMajor(told));
    assertEquals(InodeBlock.rdevMinor(block), InodeBlock.rdevMinor(told));
    assertEquals(InodeBlock.accessTime(block), InodeBlock.accessTime(told));
    assertEquals(InodeBlock.accessNanos(block), InodeBlock.accessNanos(told));
    assertEquals(InodeBlock.modifyTime(block), InodeBlock.modifyTime(told));
    assertEquals(InodeBlock.modifyNanos(block), InodeBlock.modifyNanos(told));
    assertEquals(InodeBlock.changeTime(block), InodeBlock.changeTime(told));
    assertEquals(InodeBlock.changeNanos(block), InodeBlock.changeNanos(told));
    assertEquals(InodeBlock.birthTime(block), InodeBlock.birthTime(told));
    assertEquals(InodeBlock.birthNanos(block), InodeBlock.birthNanos(told));
  }

  @Property
  void flagsAndFieldsThatAreTooLargeMakeThereBeNoValue(@ForAll long seed) {
    Random random = new Random(seed);
    long sign = random.nextBoolean() ? 1 : -1;
    int mode = 0100000 | random.nextInt(010000);
    refused(random, b -> InodeBlock.generation(b, 1L << 56 + random.nextInt(8)));
    refused(random, b -> InodeBlock.generation(b, 0));
    refused(random, b -> InodeBlock.flags(b, InodeBlock.FLAG_IMMUTABLE));
    refused(random, b -> InodeBlock.mode(b, 1 << 16 + random.nextInt(16)));
    refused(random, b -> InodeBlock.linkCount(b, 1 << 16 + random.nextInt(16)));
    refused(random, b -> InodeBlock.blocks(b, 1L << 32 + random.nextInt(32)));
    refused(random, b -> InodeBlock.size(b, 1L << 48 + random.nextInt(16)));
    refused(random, b -> InodeBlock.accessTime(b, sign * (1L << 34 + random.nextInt(30))));
    refused(random, b -> InodeBlock.modifyTime(b, sign * (1L << 34 + random.nextInt(30))));
    refused(random, b -> InodeBlock.changeTime(b, 1L << 33));
    refused(random, b -> InodeBlock.birthTime(b, -(1L << 33) - 1));
    refused(random, b -> InodeBlock.accessNanos(b, 1 << 30 + random.nextInt(2)));
    refused(
        random,
        b -> {
          InodeBlock.mode(b, mode);
          InodeBlock.rdevMinor(b, 1);
        });
    refused(
        random,
        b -> {
          InodeBlock.mode(b, 0060600);
          InodeBlock.size(b, 0);
          InodeBlock.rdevMajor(b, 1 << 16);
        });
  }

  private static void refused(Random random, Consumer<ByteBuffer> change) {
    ByteBuffer block = inode(random);
    change.accept(block);
    assertNull(InodeValue.pack(block));
  }

  @Test
  void otherBlockOrLaterVersionIsNotWhatWasTold() {
    ByteBuffer block = inode(new Random(1));
    byte[] value = InodeValue.pack(block);
    BlockHeader.version(block, BlockHeader.version(block) + 1);
    assertFalse(InodeValue.tells(value, block));
    InodeBlock.generation(block, 0);
    assertFalse(InodeValue.tells(value, block));
  }

  @Test
  void valuesOfAnUnknownLayoutAreNoValues() {
    byte[] value = InodeValue.pack(inode(new Random(1)));
    assertFalse(InodeValue.isValid(new byte[InodeValue.LENGTH]));
    assertFalse(InodeValue.isValid(new byte[InodeValue.LENGTH - 1]));
    for (int bits = 0; bits < 16; bits++) {
      byte[] other = value.clone();
      other[7] = (byte) (bits << 4 | other[7] & 0xF);
      assertEquals(bits == 1, InodeValue.isValid(other), "layout " + bits);
      byte[] flagged = value.clone();
      flagged[7] = (byte) (0x10 | bits);
      assertEquals(bits < 2, InodeValue.isValid(flagged), "flags " + bits);
    }
  }
}
