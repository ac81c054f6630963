package org.jclusterfs.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;

/** Where a node's lock manager listens, as its slot descriptor says. */
record LockPort(int slot, long incarnation, int port, UUID volume, byte[] secret) {

  private static final int MAGIC = 0x4A434C57;
  private static final int HELLO_SIZE = 84;

  /** Those of all nodes that have mounted the volume in an image, by slot. */
  static List<LockPort> of(Path image) throws IOException {
    List<LockPort> ports = new ArrayList<>();
    try (FileChannel file = FileChannel.open(image)) {
      ByteBuffer superblock = block(file, Superblock.PRIMARY_ADDRESS);
      Geometry geometry = Geometry.of(superblock);
      for (int slot = 0; slot < Superblock.slotCount(superblock); slot++) {
        ByteBuffer descriptor = block(file, geometry.slotBlock(slot));
        if (SlotDescriptor.state(descriptor) == SlotDescriptor.MOUNTED) {
          ports.add(
              new LockPort(
                  slot,
                  SlotDescriptor.incarnation(descriptor),
                  SlotDescriptor.port(descriptor),
                  BlockHeader.volumeUuid(superblock),
                  Superblock.clusterSecret(superblock)));
        }
      }
    }
    return ports;
  }

  private static ByteBuffer block(FileChannel file, long number) throws IOException {
    ByteBuffer block =
        ByteBuffer.allocateDirect(BlockHeader.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    file.read(block, number * BlockHeader.BLOCK_SIZE);
    return block.clear();
  }

  /** A connection there. */
  Stranger connect() {
    try {
      return new Stranger(port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What another node would say first here (docs/wire-protocol.md, HELLO). */
  byte[] helloFrom(LockPort other, Random random) {
    byte[] nonce = new byte[32];
    random.nextBytes(nonce);
    return ByteBuffer.allocate(HELLO_SIZE)
        .putInt(MAGIC)
        .putShort((short) 1)
        .putShort((short) 1)
        .putLong(0)
        .putLong(volume.getMostSignificantBits())
        .putLong(volume.getLeastSignificantBits())
        .putShort((short) other.slot)
        .putShort((short) slot)
        .putLong(other.incarnation)
        .putLong(incarnation)
        .put(nonce)
        .array();
  }
}
